"""Whose server it is, and what the vendors' own names for an error mean.

Vendors agree on little: DashScope calls a rate limit `insufficient_quota` where OpenAI means an unpaid bill, a 429 can
be billing, a 500 from a proxy can be moderation. So names and words are looked at before the HTTP status.

A number means something only at its own vendor: MiniMax's, known by their `base_resp`, have a table of their own.

Sources: the error pages of Bailian (DashScope), OpenAI, Azure, DeepSeek, Moonshot, Zhipu, MiniMax, Spark, Qianfan,
Volcengine Ark, Google (AIP-193), Anthropic; LiteLLM's exceptions.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from glassd.messages.codes import Code


@lru_cache
def vendor_of(url: str) -> str:
    """Return whose server a URL is by its host, or an empty string."""
    host = urlsplit(url).hostname or ""
    return next((name for domain, name in _DOMAINS.items() if host == domain or host.endswith(f".{domain}")), "")


def named_code(names: list[str], message: str, vendor: str) -> Code | None:
    """Return what an error's names and words say it is, or None if they say nothing that is known."""
    bare = {_bare(name) for name in names}
    numbers = _MINIMAX if "base_resp" in names or vendor == "minimax" else _NUMBERS
    if number := next((numbers[name] for name in names if name in numbers), None):
        return number
    if vendor == "dashscope" and "insufficientquota" in bare:
        return Code.RATE_LIMITED
    for code, known in _NAMES.items():
        if bare & known or ((phrase := _PHRASES.get(code)) and phrase.search(message)):
            return code
    return None


def _bare(name: str) -> str:
    """Return a name without what vendors spell differently: case, dots, dashes, underscores."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


_DOMAINS = {
    "aliyuncs.com": "dashscope",
    "openai.com": "openai",
    "azure.com": "azure",
    "deepseek.com": "deepseek",
    "moonshot.cn": "moonshot",
    "bigmodel.cn": "zhipu",
    "mistral.ai": "mistral",
    "openrouter.ai": "openrouter",
    "minimaxi.com": "minimax",
    "minimax.io": "minimax",
}

# The first line that matches counts: ServerOverloaded stands before TooManyRequests, its type at Volcengine's.
_NAMES_TABLE = """
moderated        data_inspection_failed DataInspectionFailed InappropriateContent content_filter SensitiveContent
moderated        content_policy_violation ContentPolicyViolationError moderation_blocked ResponsibleAIPolicyViolation
moderated        SensitiveContentDetected InputTextSensitiveContentDetected InputImageSensitiveContentDetected
moderated        OutputTextSensitiveContentDetected OutputImageSensitiveContentDetected InputTextRiskDetection
moderated        InputImageRiskDetection
quota_spent      insufficient_quota Arrearage PostpaidBillOverdue PrepaidBillOverdue CommodityNotPurchased
quota_spent      insufficient_balance insufficient_user_quota billing_hard_limit_reached billing_not_active
quota_spent      exceeded_current_quota_error AllocationQuota.FreeTierOnly credit_balance_too_low budget_exceeded
quota_spent      AccountOverdueError account_overdue billing_error insufficient_credits QuotaExceeded
key_wrong        invalid_api_key InvalidApiKey incorrect_api_key api_key_invalid authentication_error unauthorized
key_wrong        AuthenticationError invalid_authentication_error permission_denied access_denied unauthenticated
key_wrong        invalid_iam_token permission_error no_db_connection
model_unknown    model_not_found ModelNotFound model_not_supported Model.AccessDenied invalid_model model_not_exist
model_unknown    InvalidEndpointOrModel.NotFound ModelNotOpen
request_too_big  context_length_exceeded exceed_context_size_error PayloadTooLargeError request_too_large
request_too_big  ContextWindowExceededError string_above_max_length
server_busy      ServerOverloaded
rate_limited     rate_limit_exceeded rate_limit_error rate_limit_reached_error limit_requests limit_burst_rate
rate_limited     requests tokens Throttling Throttling.RateQuota Throttling.BurstRate Throttling.AllocationQuota
rate_limited     RateLimitError too_many_requests resource_exhausted RequestBurstTooFast
rate_limited     rpm_rate_limit_exceeded tpm_rate_limit_exceeded RateLimitExceeded.EndpointRPMExceeded
rate_limited     ModelAccountRpmRateLimitExceeded ModelAccountTpmRateLimitExceeded
server_busy      overloaded overloaded_error engine_overloaded_error ServiceUnavailable model_overloaded unavailable
server_busy      server_high_load deadline_exceeded
request_invalid  invalid_parameter_error invalid_argument InvalidParameter MissingParameter
"""

# Zhipu's numbers have four digits, Spark's five, Qianfan's six, those of Baidu's own gateway two and three.
_NUMBERS_TABLE = """
moderated        1301 10013 10014 10019
quota_spent      1113
key_wrong        1000 1001 1002 1003 1004 11200 110 111 336005 336006
model_unknown    1211
request_too_big  1261 10907 336103
rate_limited     1302 1303 1305 1308 1310 18 11201 11202 11203 336501 336502
server_busy      10007 10008 10110 336100
request_invalid  1210 1214 10163
"""

_MINIMAX_TABLE = """
moderated        1026 1027
quota_spent      1008
key_wrong        1004 2049
rate_limited     1002 1039 1041
server_busy      1001
request_invalid  2013
"""


def _by_word(table: str) -> dict[str, Code]:
    lines = [line.split() for line in table.strip().split("\n")]
    return {word: Code(code) for code, *words in lines for word in words}


_NUMBERS = _by_word(_NUMBERS_TABLE)
_MINIMAX = _by_word(_MINIMAX_TABLE)

_NAMES: dict[Code, set[str]] = {}
for _name, _code in _by_word(_NAMES_TABLE).items():
    _NAMES.setdefault(_code, set()).add(_bare(_name))

_PHRASES = {
    Code.MODERATED: re.compile(
        r"(?i)inappropriate content|content management policy|content[ _]?policy|data_?inspection_?failed|敏感|不安全"
        r"|your input was flagged"
    ),
    Code.QUOTA_SPENT: re.compile(
        r"(?i)insufficient balance|balance is (too low|insufficient)|account is in good standing|余额不足|欠费"
    ),
    Code.KEY_WRONG: re.compile(r"(?i)api key not valid"),
    Code.MODEL_UNKNOWN: re.compile(
        r"(?i)model\b.{0,80}\b(not found|does not exist|not exist)|models/\S{1,80} is not found|not found the model"
        r"|invalid model name"
    ),
    Code.REQUEST_TOO_BIG: re.compile(r"(?i)context ?(size|length|window)|request (entity|body) too large"),
}
