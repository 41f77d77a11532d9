"""What a bug report tells of the config."""

from __future__ import annotations

import json

from glassd.config.schema import Camera, Config
from glassd.service.report import redacted, without_paths
from glassd_drivers.cameras.http import HttpConfig

CONFIG = {
    "model": {
        "endpoints": [
            {
                "url": "https://models.example/secret-path/v1",
                "vision": "qwen-vl-plus",
                "key": "secret-key",
                "fields": {"user": "secret-field"},
                "picture_fields": {"note": "secret-picture-field"},
                "headers": {"X-Team": "secret-header"},
                "proxy": "http://secret-proxy:3128",
                "proxy_login": "secret-login",
                "ca": "/home/secret-name/ca.pem",
            }
        ],
        "instructions": "secret-instructions",
    },
    "triggers": [{"when": "main press", "if": "cut off", "ask": "secret-prompt", "frames": "3 over 2s"}],
    "outbox": {"key": "secret-box"},
    "api": {"listen": "127.0.0.1:8733", "token": "secret-token"},
    "gateway": {"listen": "127.0.0.1:8734", "token": "secret-gateway-token"},
}


def test_a_report_holds_the_names_of_what_is_set_and_no_value_that_may_be_a_secret() -> None:
    told = json.dumps(redacted(Config.model_validate(CONFIG)))
    assert "secret" not in told
    for name in (
        "models.example",
        "qwen-vl-plus",
        "user",
        "X-Team",
        "main press",
        "cut off",
        "3 over 2s",
        "127.0.0.1:8734",
    ):
        assert name in told


def test_of_an_endpoint_s_address_a_report_tells_the_host_alone_wherever_it_stands() -> None:
    config = Config.model_validate(CONFIG)
    url = config.model.endpoints[0].url
    told = {"status": {"endpoints": [url], "uptime_s": 1.5}, "log": [f"ask 1: failed (dns, {url})"], "asks": [None]}
    assert without_paths(told, config) == {
        "status": {"endpoints": ["models.example"], "uptime_s": 1.5},
        "log": ["ask 1: failed (dns, models.example)"],
        "asks": [None],
    }


def test_of_a_camera_in_the_network_a_report_tells_the_host_alone() -> None:
    options = HttpConfig(url="http://192.168.1.30/secret-path?place=secret", login="secret-login")
    config = Config.model_validate({**CONFIG, "camera": Camera(driver="http", options=options)})
    data = redacted(config)["camera"]["options"]
    assert (data["url"], data["login"]) == ("192.168.1.30", "(redacted)")
    told = {"log": ["camera: waiting (http://192.168.1.30/secret-path: Connection refused)"]}
    assert without_paths(told, config) == {"log": ["camera: waiting (192.168.1.30: Connection refused)"]}


def test_what_is_not_set_is_not_said_to_be_hidden() -> None:
    plain = Config.model_validate({"model": {"endpoints": [{"url": "reader"}]}})
    assert "redacted" not in json.dumps(redacted(plain))
