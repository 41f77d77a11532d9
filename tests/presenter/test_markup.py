"""Markup: what models emit becomes what a display can show, and what only looks like markup stays as it is."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.presenter.graphemes import Graphemes
from glassd.presenter.markup import ADDRESS_LIMIT, HEADS_LIMIT, Markup
from glassd.presenter.reach import LOOK_AHEAD, REACH_LIMIT


def shown(*deltas: str) -> str:
    markup = Markup()
    return "".join(markup.feed(delta) for delta in deltas) + markup.finish()


AS_IT_IS = [
    "2*3*4", "5 * 3 * 2", "2 *3* 4", "长*宽*高", "x**2 + y**2", "*.py and *.txt", "f(*args, **kwargs)",
    "f(**a, **b)", "a ** b ** c", "**", "* ", "密码是****", "a_b_c", "snake_case", "_init_",
    "__init__ and __call__", "文件_名_后缀", "3~5天", "~5km", "a ~~ b", "C#", "#1", "#标签", "### ", "- 5°C", "-5°C",
    "+ 1", "1. ", "2) two", "> 5", ">>> print", "|x|", "|x| and |y|", "| a | b |", "a | b\n---|---", "$5",
    "$5 and $10", "$5-$10", "US$5/US$6", "5$或者7$", "5$-$7", "$HOME and $PATH", "[1]", "[^1]", "[1](见附录)",
    "a[i](x)", "- [ ] todo", "[x](", "AT&T", "a & b;", "&nosuch;", "a < b and c > d", "a<b>c", "<stdio.h>",
    "a <b and c> d", "`", "``a`", "C:\\times\\new", "\\d+\\.\\d+", "\\\\srv\\x", "x^2", "^_^", "(^o^)", "\\(",
    "\\[ a", "$$", "＊＊粗体＊＊", "*️⃣ a *️⃣", "#️⃣", "https://a.example/b_c_d?e=*f&copy=1#g",
    "http://a.example/_x_/~y~~z~~", "：// ", "a: b", "http:/", "ok <think>x", "```py", "5 - 3", "=", "== x ==",
    "1️⃣ 第一",
]  # fmt: skip


@pytest.mark.parametrize("text", AS_IT_IS)
def test_what_only_looks_like_markup_stays_as_it_is(text: str) -> None:
    assert shown(text) == shown(*text) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        # emphasis
        ("这是**粗体**，也**粗**。", "这是粗体，也粗。"),
        ("**注意：**请看**“这里”**吗", "注意：请看“这里”吗"),
        ("**价格:**100元", "价格:100元"),
        ("an *emphasised* word, _two words_ and __two words__", "an emphasised word, two words and two words"),
        ("***both*** **a *b* c** *a **b***", "both a b c a b"),
        ("~~旧~~新, ~~**old** words~~", "~~旧~~新, ~~old words~~"),
        ("<del>old</del><s>er</s> new", "~~old~~~~er~~ new"),
        ("（*注*）", "（注）"),
        ("\\*not\\* \\_so\\_ \\# \\$5", "*not* _so_ # $5"),
        # code
        ("run `a*b*c` and ``a`b``", "run a*b*c and a`b"),
        ("```python\ndef f(*a):\n    return `a`  # **x**\n```\nend", "def f(*a):\n    return `a`  # **x**\nend"),
        ("~~~\n```\n~~~\n", "```\n"),
        ("``` c++ {.x}\na\n```\n```两个字 x\nb\n```", "a\n两个字 x\nb\n"),
        ("- a:\n  ```\n  code\n  ```\n- b", "- a:\n  code\n- b"),
        ("```\nnever closed", "never closed"),
        # blocks
        ("# 标题\n## Second **level**", "标题\nSecond level"),
        ("* a\n  * b\n    + c\n-  d", "- a\n  - b\n    + c\n- d"),
        ("*   **Title:** text", "- Title: text"),
        ("1. one\n   1. two\n10) ten", "1. one\n   1. two\n10) ten"),
        ("1\\. no list", "1. no list"),
        ("> quote\n> > deeper\n>\n> - item", "quote\ndeeper\n\n- item"),
        ("a\n---\nb\n* * *\nc\n=====\n", "a\n\nb\n\nc\n\n"),
        ("a\n" + "-" * 200 + "\nb", "a\n\nb"),
        # links
        ("见[官网](https://a.example/b_c?d=e)。", "见官网。"),
        ('[a](https://a.example/b_(c) "Title (x)") [b]() [c](d.html)', "a b c"),
        ("**[a](https://a.example)** ![图](data:image/png;base64,AAAA) ![](b.png)", "a 图 b.png"),
        ("<https://a.example/b>", "https://a.example/b"),
        ("[a](https://a.example and more", "a(https://a.example and more"),
        # HTML
        ("a<br>b<br/>c<br />d", "a\nb\nc\nd"),
        ("<b>x</b> <font color='red'>红</font> <p>y</p>", "x 红 y"),
        ("H<sub>2</sub>O, m<sup>2</sup>, v<sub>max</sub>", "H₂O, m², v_max"),
        ("&lt;b&gt; &amp; &#20320;&#x597d;", "<b> & 你好"),
        ("&#27;[31m&#x202e;x", "[31mx"),
        # LaTeX
        ("\\(x^2 + y_1\\) 和 $E = mc^2$", "x² + y₁ 和 E = mc²"),
        ("所以\n$$\n\\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}\n$$\n即", "所以\n(-b ± √(b²-4ac))/(2a)\n即"),
        ("\\[ \\text{速度} = \\frac{\\text{路程}}{\\text{时间}} \\]", "速度 = 路程/时间"),
        ("3 \\times 4 \\cdot 2 = 24，\\frac{1}{2}杯，10^{-3}，90^\\circ", "3 × 4 · 2 = 24，1/2杯，10⁻³，90°"),
        ("$\\alpha \\le \\beta$, $x$, $12$, $a+b=c$", "α ≤ β, x, 12, a+b=c"),
        ("$\\sqrt[3]{8}$ $e^{i\\pi}$ $2^{n/2}$ $v_{\\max}$", "∛8 e^(iπ) 2^(n/2) v_max"),
        ("costs $5, area $x^2$", "costs $5, area x²"),
        # thought
        ("<think>想\n**一想**</think>\n\n答", "\n\n答"),
        ("\n <think>a</think><thinking>b</thinking>c", "\n c"),
        ("<think>never closed **x**", ""),
        ("the end of it\n</think>\n答", "the end of it\n\n答"),
        ("<|begin_of_box|>42<|end_of_box|>", "42"),
        # tables
        (
            "价目：\n| 名称 | **价格** |\n|:---|---:|\n| `苹果` | 5元 |\n| 梨 | |\n\n完",
            "价目：\n名称: 苹果 \n价格: 5元 \n名称: 梨 \n价格:\n\n完",
        ),
        ("| a | b |\n|---|---|\n| 1 \\| 2 | 3<br>4 | 5 |\nend", "a: 1 | 2 \nb: 3\n4 \n5 \nend"),
        ("| a |\n| - |\n| 1 |", "a: 1 \n"),
        ("| a | b |\n|---|---|\n", "a | b\n"),
        ("|||\n|---|---|\n| x | y |\n", "x \ny \n"),
    ],
)
def test_markup_becomes_its_text_in_one_piece_and_in_single_characters(text: str, plain: str) -> None:
    assert shown(text) == shown(*text) == plain


def test_a_mark_is_decided_within_the_look_ahead_and_then_shown_as_it_is() -> None:
    for filler in ("长", "a", "👨‍👩‍👧", "e\u0301"):
        close = f"**{filler * (LOOK_AHEAD - 4)}**。"
        assert shown(close) == close.replace("**", "")
        markup = Markup()
        far = f"**{filler * (LOOK_AHEAD - 1)}"
        assert markup.feed(far + "b") == far[: -len(filler)] + filler + "b"
        assert markup.feed("**字**粗**") + markup.finish() == "**字粗"


def test_a_link_longer_than_the_look_ahead_is_its_words() -> None:
    address = "https://a.example/" + "x" * 500
    assert shown(f"[words]({address}) on") == "words on"
    assert shown(f"![words](data:image/png;base64,{'A' * 2 * ADDRESS_LIMIT}) on") == "words on"
    assert shown(f"[words]({address} on") == f"words({address} on"


LONG = "\\int_{0}^{\\infty} e^{-x^2} \\, dx = \\frac{\\sqrt{\\pi}}{2} \\approx 0.886 \\quad \\text{（约）}, x_1 \\in A"


def test_a_formula_longer_than_the_look_ahead_is_read_as_it_comes() -> None:
    plain = "∫₀^∞ e^(-x²)  dx = √π/2 ≈ 0.886  （约）, x₁ ∈ A"
    for begin, end in (("\\[ ", " \\]"), ("$$", "$$"), ("\\(", "\\)")):
        text = f"即{begin}{LONG}{end}，**对**"
        assert len(LONG) > LOOK_AHEAD
        assert shown(text) == shown(*text) == f"即{begin[2:]}{plain}{end[:-2]}，对"
    text = f"$$\n{LONG}\n\nnever closed **b**"
    assert shown(text) == shown(*text) == f"\n{plain}\n\nnever closed b"
    text = f"\\({LONG}\nnext **b**"
    assert shown(text) == shown(*text) == f"{plain}\nnext b"
    assert shown("\\[" + "no formula " * 20) == "\\[" + "no formula " * 20


def test_a_table_with_a_long_head_is_one_and_too_long_a_head_is_none() -> None:
    row, rule = "".join(f"| a longer head {i} " for i in range(40)) + "|\n", "|---" * 40 + "|\n"
    assert len(row) < HEADS_LIMIT
    assert shown(row + rule + "| x | y |") == "a longer head 0: x \na longer head 1: y \n"
    long = f"| {'word ' * HEADS_LIMIT}| b |\n|---|---|\n| x | y |"
    assert shown(long) == shown(*long) == long


MARKS = [
    "*", "**", "***", "_", "__", "~~", "~~~", "`", "``", "```", "# ", "#", "> ", "- ", "* ", "1. ",
    "---\n", "|", "| ",
    "|---", "[", "](", "](http://a.example", ")", "(", "!", "<", ">", "<br>", "<think>",
    "</think>", "<b>", "</b>", "<sub>",
    "</sub>", "&", "&amp;", ";", "&#2", "$", "$$", "\\", "\\(", "\\)", "\\[", "\\]", "\\frac", "{",
    "}", "^{", "_{", "://",
    "https://", '"', "</", "<|begin", "_of_box|>", "[x](https://a.example/b)", "**粗体**",
    "```py\ncode\n```\n", "x^2", "$x$",
    "| a | b |\n|---|---|\n| 1 | 2 |\n", '<font color="r">', "\\*", "\\times", "`code`",
]  # fmt: skip
WORDS = [
    "你好",
    "word",
    "a",
    "1",
    " ",
    "  ",
    "\n",
    "\n\n",
    "，",
    "。",
    ".",
    ",",
    "=",
    "+",
    ":",
    "x" * 20,
    "长" * 20,
    "é",
    "👨‍👩‍👧",
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(MARKS + WORDS), max_size=40).map("".join),
    st.lists(st.one_of(st.sampled_from(MARKS + WORDS), st.characters(exclude_categories=["Cc", "Cs"]))).map("".join),
)


@given(TEXTS, st.data())
def test_the_same_comes_out_however_the_text_is_cut(text: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    assert shown(text) == shown(*text) == shown(*(text[a:b] for a, b in pairwise([0, *places, len(text)])))


@given(TEXTS)
def test_little_is_held_back_and_a_look_at_it_changes_nothing(text: str) -> None:
    markup, out = Markup(), ""
    for char in text:
        out += markup.feed(char)
        assert len(markup._held) <= max(REACH_LIMIT, HEADS_LIMIT) + 1
        if not markup._held.lstrip(" ").startswith("|"):  # the head of a table
            assert sum(1 for _ in Graphemes().feed(markup._held)) <= LOOK_AHEAD
        before = dict(vars(markup))
        markup.tip()
        assert vars(markup) == before
    assert out + markup.finish() == shown(text)


# Without what has words of its own: addresses, tags, entities, commands, a fence's language.
LOSSLESS = [mark for mark in MARKS if not set(mark) & set("`~(<&;\\|$^{:/") or mark in {"$", "`code`"}]


@given(st.lists(st.sampled_from(LOSSLESS + WORDS), max_size=60).map("".join))
def test_nothing_but_marks_is_lost_or_moved(text: str) -> None:
    def words(text: str) -> str:
        return "".join(char for char in unicodedata.normalize("NFKC", text) if char.isalnum())  # x₁ is x1

    assert words(shown(text)) == words(text)


@pytest.mark.parametrize(
    ("text", "tip"),
    [
        ("这是**粗", "这是粗"),
        ("这是**粗*", "这是粗"),
        ("这是*", "这是"),
        ("run `cod", "run cod"),
        ("~~old", "~~old"),
        ("[words](https:", "[words](https:"),
        ("a_b", "a_b"),
        ("_init", "_init"),
        ("$5", "$5"),
        ("##", ""),
        ("- ", ""),
        ("```pyth", ""),
        ("| a | b", ""),
        ("<thi", ""),
        ("<think>a", ""),
        ("a <b", "a <b"),
    ],
)
def test_what_stands_meanwhile_has_no_mark_that_may_yet_be_closed(text: str, tip: str) -> None:
    markup = Markup()
    assert markup.feed(text) + markup.tip() == tip
