"""The wearer's two lines for every code: what happened, then what to do or what happens next.

Each line fits the narrowest display that glassd is made for, so it is a few plain words, without blame and without the
vocabulary of networks. What is exact (hosts, statuses, vendors' words) is the operator's and stands in the log.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal, get_args

from glassd.messages.codes import Code

if TYPE_CHECKING:
    from glassd_drivers.contracts import Mark

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
CELLS = 30
"""How wide a line may be, in half-width cells: the columns of the glass3 profile, so 15 Han characters."""


class Note(StrEnum):
    """What is added to an answer that needs a word of ours beside it."""

    REFUSAL = "refusal"  # before the model's own words of refusal
    FILTERED = "filtered"  # finish_reason content_filter
    LENGTH = "length"  # finish_reason length


def lines(code: Code, language: Language, *, retry_after_s: float | None = None) -> tuple[str, str]:
    """Return the two lines for a code, each at most `CELLS` cells, free of control characters.

    Where the server said when to come back, `retry_after_s` (seconds) takes the place of the second line.
    """
    what, then = _LINES[code][language]
    if retry_after_s is not None and retry_after_s > 0:
        then = _RETRY[language].format(_wait(retry_after_s, language))
    return what, then


def mark_word(mark: Mark, language: Language) -> str:
    """Return a mark's name for displays that spell it out, at most 10 cells; empty for an idle display."""
    return _MARKS[mark.value][language]


def note(which: Note, language: Language) -> str:
    """Return one line to stand beside an answer, at most `CELLS` cells."""
    return _NOTES[which][language]


_RETRY: dict[Language, str] = {"zh": "请在 {}后再按一次", "en": "Press again in {}"}
_UNITS: dict[Language, tuple[str, str, str]] = {"zh": (" 秒", " 分钟", " 小时"), "en": (" s", " min", " h")}
_MOST_HOURS = 99
"""Hours: a longer wait is told as this much, so that the line keeps its width."""


def _wait(seconds: float, language: Language) -> str:
    """Round up, so that a press at the time told is never too early."""
    second, minute, hour = _UNITS[language]
    if seconds <= 90:
        return f"{_ceil(seconds)}{second}"
    if seconds <= 90 * 60:
        return f"{_ceil(seconds / 60)}{minute}"
    return f"{_ceil(min(seconds / 3600, _MOST_HOURS))}{hour}"


def _ceil(value: float) -> int:
    return int(-(-value // 1))


_Two = tuple[str, str]

_LINES: dict[Code, dict[Language, _Two]] = {
    # the way to the server
    Code.DNS: {
        "zh": ("找不到服务器的地址", "请检查网络后再按一次"),
        "en": ("The server was not found", "Check the network, press again"),
    },
    Code.NO_NETWORK: {
        "zh": ("现在没有网络", "连上网络后再按一次"),
        "en": ("There is no network", "Connect, then press again"),
    },
    Code.CONNECTION_REFUSED: {
        "zh": ("服务器没有接受连接", "请稍后再按一次"),
        "en": ("The server refused to connect", "Press again in a while"),
    },
    Code.CONNECTION_LOST: {
        "zh": ("与服务器的连接断了", "再按一次重试"),
        "en": ("The connection was lost", "Press again to retry"),
    },
    Code.TLS: {
        "zh": ("无法安全地连上服务器", "请检查网络和服务器证书"),
        "en": ("No safe link to the server", "Check network and certificate"),
    },
    Code.CLOCK_NOT_SET: {
        "zh": ("本机的时间还没有校准", "联网片刻后再按一次"),
        "en": ("The clock is not set yet", "Stay online, press again soon"),
    },
    Code.PORTAL: {
        "zh": ("这个网络需要先登录", "登录网络后再按一次"),
        "en": ("This network wants a log-in", "Log in to it, then press again"),
    },
    Code.REDIRECTED: {
        "zh": ("服务器转到了别的地址", "请改正设置里的地址"),
        "en": ("The server's address changed", "Correct it in the settings"),
    },
    Code.PROXY: {
        "zh": ("代理服务器不通", "请检查设置里的代理"),
        "en": ("The proxy does not work", "Check the proxy settings"),
    },
    # waits
    Code.CONNECT_TIMEOUT: {
        "zh": ("连接服务器太慢", "请检查网络后再按一次"),
        "en": ("Connecting took too long", "Check the network, press again"),
    },
    Code.FIRST_TIMEOUT: {
        "zh": ("模型迟迟没有回答", "再按一次重试"),
        "en": ("The model did not answer", "Press again to retry"),
    },
    Code.GAP_TIMEOUT: {
        "zh": ("回答到一半停住了", "再按一次接着说"),
        "en": ("The answer stalled", "Press again to go on"),
    },
    Code.WHOLE_TIMEOUT: {
        "zh": ("回答用时太长", "再按一次继续"),
        "en": ("The answer took too long", "Press again to go on"),
    },
    # what the server said
    Code.KEY_MISSING: {
        "zh": ("没有找到模型的密钥", "请在设置里补上密钥"),
        "en": ("The model's key is missing", "Add the key in the settings"),
    },
    Code.KEY_WRONG: {
        "zh": ("服务器不认这个密钥", "请在设置里换上对的密钥"),
        "en": ("The key was not accepted", "Correct it in the settings"),
    },
    Code.QUOTA_SPENT: {
        "zh": ("模型的额度已用完", "请充值，或换一个模型"),
        "en": ("The model's quota is used up", "Top up, or use another model"),
    },
    Code.RATE_LIMITED: {
        "zh": ("提问太频繁了", "请过一会儿再按一次"),
        "en": ("Too many questions just now", "Wait a little, press again"),
    },
    Code.MODERATED: {
        "zh": ("平台拒绝了这个内容", "请换个画面或问法再试"),
        "en": ("The content was refused", "Try another view or question"),
    },
    Code.MODEL_UNKNOWN: {
        "zh": ("服务器上没有这个模型", "请改正设置里的模型名"),
        "en": ("The server lacks this model", "Correct its name in settings"),
    },
    Code.ADDRESS_WRONG: {
        "zh": ("这个地址没有模型服务", "请改正设置里的地址"),
        "en": ("No model at this address", "Correct it in the settings"),
    },
    Code.REQUEST_TOO_BIG: {
        "zh": ("这次提问的数据太大", "请在设置里调小图片"),
        "en": ("The question was too large", "Use smaller pictures"),
    },
    Code.REQUEST_INVALID: {
        "zh": ("服务器看不懂这次提问", "请检查设置，详情见日志"),
        "en": ("The request was not understood", "Check settings; see the log"),
    },
    Code.SERVER_ERROR: {
        "zh": ("服务器出了故障", "请稍后再按一次"),
        "en": ("The server had a fault", "Press again in a while"),
    },
    Code.SERVER_BUSY: {
        "zh": ("服务器正忙", "请稍后再按一次"),
        "en": ("The server is busy", "Press again in a while"),
    },
    Code.GARBAGE: {
        "zh": ("收到的回答无法读懂", "再按一次；若仍如此看日志"),
        "en": ("The reply could not be read", "Press again, or see the log"),
    },
    Code.EMPTY: {
        "zh": ("模型没有给出内容", "再按一次重试"),
        "en": ("The answer was empty", "Press again to retry"),
    },
    Code.CUT_OFF: {
        "zh": ("回答没说完就断了", "再按一次接着说"),
        "en": ("The answer broke off", "Press again to go on"),
    },
    Code.ANSWER_TOO_LONG: {
        "zh": ("回答太长，没有收完", "前面的部分已保留"),
        "en": ("The answer ran too long", "Its beginning is kept"),
    },
    # pictures
    Code.NO_PICTURE: {
        "zh": ("没有按下那一刻的画面", "再按一次重拍"),
        "en": ("No picture of that moment", "Press again for a new one"),
    },
    Code.NO_CAMERA: {
        "zh": ("没有找到摄像头", "请检查摄像头的连接"),
        "en": ("The camera is not there", "Check that it is plugged in"),
    },
    Code.PICTURE_BROKEN: {
        "zh": ("图片已损坏，无法使用", "请换一张图片再试"),
        "en": ("The picture is damaged", "Try another picture"),
    },
    Code.PICTURE_TOO_BIG: {
        "zh": ("图片太大，发不出去", "请换小一些的图片"),
        "en": ("The picture is too large", "Use a smaller one"),
    },
    Code.PICTURE_SHAPE: {
        "zh": ("图片太窄，模型看不了", "请换一张图片再试"),
        "en": ("The picture is too narrow", "Try another picture"),
    },
    # ourselves
    Code.BUSY: {
        "zh": ("前面的提问还没答完", "请等回答完再按一次"),
        "en": ("Earlier questions still wait", "Press again once they are done"),
    },
    Code.PAUSED: {
        "zh": ("已暂停，镜头已关", "解除暂停后再提问"),
        "en": ("Paused: the camera is off", "Undo the pause to ask again"),
    },
    Code.TOO_SOON: {
        "zh": ("离上一次太近了", "请稍等片刻再按一次"),
        "en": ("Too soon after the last one", "Wait a moment, press again"),
    },
    Code.BUDGET_LOW: {
        "zh": ("额度已用去八成", "用完后要等下个时段"),
        "en": ("80 % of the budget is used", "After that, asks must wait"),
    },
    Code.BUDGET_SPENT: {
        "zh": ("设定的额度已用完", "下一小时或明天再问"),
        "en": ("The budget is used up", "Ask again next hour or day"),
    },
    Code.QUEUED: {
        "zh": ("没有网络，提问已存下", "联网后自动发送并显示回答"),
        "en": ("No network: question kept", "It is sent once there is one"),
    },
    Code.PERHAPS_SENT: {
        "zh": ("有提问可能已经发出", "等您决定是否重发"),
        "en": ("A question may have been sent", "It waits for you to resend it"),
    },
    Code.ANSWER_CAME: {
        "zh": ("先前的提问有回答了", "回答如下"),
        "en": ("An earlier answer has come", "It is shown below"),
    },
    Code.NOT_ALLOWED: {
        "zh": ("设置不许发往这个地址", "请检查设置里的许可列表"),
        "en": ("Not allowed to send there", "Check allow_hosts in settings"),
    },
    Code.NO_ENDPOINT: {
        "zh": ("没有能回答的模型", "请在设置里添加模型"),
        "en": ("No model can take this", "Add a model in the settings"),
    },
    Code.CANCELLED: {
        "zh": ("已取消", "再按一次重新提问"),
        "en": ("Cancelled", "Press again to ask anew"),
    },
    Code.STOPPING: {
        "zh": ("程序正在关闭", "重新启动后再按一次"),
        "en": ("Shutting down", "Press again once it is back"),
    },
    Code.JOURNAL: {
        "zh": ("存储无法读写", "请看日志，清理存储空间"),
        "en": ("The disk takes nothing", "See the log and make room"),
    },
    Code.DAEMON_DOWN: {
        "zh": ("glassd 没有在运行", "请先启动 glassd"),
        "en": ("glassd is not running", "Start glassd first"),
    },
    Code.INTERNAL: {
        "zh": ("程序出了点故障", "再按一次；若仍如此看日志"),
        "en": ("Something broke inside", "Press again, or see the log"),
    },
}

_MARKS: dict[str, dict[Language, str]] = {
    "idle": {"zh": "", "en": ""},
    "looking": {"zh": "在看", "en": "Looking"},
    "sending": {"zh": "发送中", "en": "Sending"},
    "thinking": {"zh": "思考中", "en": "Thinking"},
    "writing": {"zh": "回答中", "en": "Writing"},
    "done": {"zh": "完", "en": "Done"},
    "cut_off": {"zh": "未完", "en": "Cut off"},
    "error": {"zh": "出错", "en": "Error"},
}

_NOTES: dict[Note, dict[Language, str]] = {
    Note.REFUSAL: {"zh": "模型不愿回答：", "en": "The model declined:"},
    Note.FILTERED: {"zh": "（部分内容被平台过滤）", "en": "(Part of it was filtered out)"},
    Note.LENGTH: {"zh": "（已到长度上限，未说完）", "en": "(Stopped at the length limit)"},
}
