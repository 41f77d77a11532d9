"""The stable codes of all that can go wrong in front of a wearer. A code, once released, keeps its meaning."""

from enum import StrEnum


class Code(StrEnum):
    """One word for one kind of trouble; `glassd.messages` has the wearer's two lines for each."""

    # the way to the server
    DNS = "dns"  # the server's name is not known
    NO_NETWORK = "no_network"  # no route, no interface
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_LOST = "connection_lost"  # reset or closed before the first delta
    TLS = "tls"  # certificate or handshake
    CLOCK_NOT_SET = "clock_not_set"  # TLS failed and the board's clock cannot be right
    PORTAL = "portal"  # a captive portal or another stranger answered instead of the model
    REDIRECTED = "redirected"  # a redirect, which is never followed
    PROXY = "proxy"
    # waits
    CONNECT_TIMEOUT = "connect_timeout"
    FIRST_TIMEOUT = "first_timeout"  # nothing of the answer within the `first` deadline
    GAP_TIMEOUT = "gap_timeout"  # the answer stalled
    WHOLE_TIMEOUT = "whole_timeout"  # the answer took too long as a whole
    # what the server said
    KEY_MISSING = "key_missing"  # the config names a credential that is not there
    KEY_WRONG = "key_wrong"  # 401, 403
    QUOTA_SPENT = "quota_spent"  # 402, billing
    RATE_LIMITED = "rate_limited"
    MODERATED = "moderated"  # the content was refused
    MODEL_UNKNOWN = "model_unknown"
    ADDRESS_WRONG = "address_wrong"  # 404, 405: no chat-completions there
    REQUEST_TOO_BIG = "request_too_big"
    REQUEST_INVALID = "request_invalid"  # 400, 422
    SERVER_ERROR = "server_error"  # 5xx, or an error object inside a 200
    SERVER_BUSY = "server_busy"  # 503, overloaded
    GARBAGE = "garbage"  # an answer that is no chat completion
    EMPTY = "empty"  # an answer with nothing in it
    CUT_OFF = "cut_off"  # the answer ended without an end
    ANSWER_TOO_LONG = "answer_too_long"  # past our own bounds
    # pictures
    NO_PICTURE = "no_picture"  # the camera has no frame that is fresh against the press
    NO_CAMERA = "no_camera"  # the camera is not there
    PICTURE_BROKEN = "picture_broken"  # a file that is no picture, empty, truncated or too small
    PICTURE_TOO_BIG = "picture_too_big"
    PICTURE_SHAPE = "picture_shape"  # too narrow, or too small once it fits
    # ourselves
    BUSY = "busy"  # as many asks wait as may
    PAUSED = "paused"  # the wearer has paused glassd: nothing is looked at, nothing leaves
    TOO_SOON = "too_soon"  # within the cool-down of its trigger
    BUDGET_LOW = "budget_low"  # 80 % of a budget is spent
    BUDGET_SPENT = "budget_spent"  # an hour's or a day's budget is used up
    QUEUED = "queued"  # no network: it waits in the outbox, and is sent once there is one
    PERHAPS_SENT = "perhaps_sent"  # glassd died while it was being sent: it goes again only on the wearer's word
    ANSWER_CAME = "answer_came"  # an ask that had waited in the outbox is answered
    NOT_ALLOWED = "not_allowed"  # allow_hosts does not name the host that it would be sent to
    NO_ENDPOINT = "no_endpoint"  # no configured model can take this ask
    CANCELLED = "cancelled"
    STOPPING = "stopping"
    JOURNAL = "journal"  # what is kept cannot be read or written: the disk is full, read-only or broken
    DAEMON_DOWN = "daemon_down"  # a command found no running daemon
    INTERNAL = "internal"  # a bug of ours
