"""Fetching from real servers that lie, stall, stream for ever, redirect inwards and serve bombs."""

import gzip
import struct
import time
import zlib

import pytest
from web import FORBIDDEN, HERE, NAMES, SMALL, picture, untouched

from annoaudit.media.fetching import fetch
from annoaudit.media.limits import Limits
from annoaudit.media.refusals import Gone, Truncated, Unchecked


def get(web, url, limits=SMALL, **more):
    return fetch(url, limits, more.pop("route", web.route()), **more)


def test_what_is_served_is_told_from_its_bytes(web):
    facts = get(web, web.serve("/a.png", picture()))
    assert facts.media_type == "image/png"
    assert facts.n_bytes == len(picture())
    assert len(facts.picture_hash) == 96
    assert facts.final_url == web.url("/a.png")


def test_nothing_of_this_machine_goes_along(web, monkeypatch):
    monkeypatch.setenv("NETRC", "/dev/null")
    with untouched() as port:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://user:secret@{FORBIDDEN}:{port}")
        get(web, web.serve("/a.png", picture()))
    assert {name.lower() for name in web.headers[-1]} == {
        "host", "user-agent", "accept", "accept-encoding", "connection",
    }  # fmt: skip
    assert web.headers[-1]["Host"] == f"{NAMES[0]}:{web.port}"


@pytest.mark.parametrize("host", [FORBIDDEN, f"[::ffff:{FORBIDDEN}]", "2130706434", "0x7f000002", "0177.0.0.2"])
def test_a_redirect_to_a_private_address_is_never_followed(web, host):
    with untouched() as port:
        url = web.redirect("/in", f"https://{host}:{port}/secret")
        with pytest.raises(Unchecked, match=r"not of the public internet|can't be looked up"):
            get(web, url)
        with pytest.raises(Unchecked, match=r"not of the public internet|can't be looked up"):
            get(web, f"https://{host}:{port}/secret")


def test_a_redirect_to_ipv6_loopback_is_never_followed(web):
    with untouched(address="::1") as port, pytest.raises(Unchecked, match="not of the public internet"):
        get(web, web.redirect("/in", f"https://[::1]:{port}/"))


def test_the_system_resolver_reads_odd_addresses_and_the_rule_still_holds(web):
    from annoaudit.media.route import look_up

    with untouched() as port, pytest.raises(Unchecked, match="not of the public internet"):
        get(web, f"https://2130706434:{port}/", route=web.route(look_up))


def test_a_name_that_changes_between_look_up_and_connection_is_looked_up_once(web):
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return [HERE] if len(asked) == 1 else [FORBIDDEN]

    with untouched(web.port):
        assert get(web, web.serve("/a.png", picture()), route=web.route(rebinding)).media_type == "image/png"
    assert asked == [NAMES[0]]
    again = web.redirect("/again", "/a.png")
    asked.clear()
    with untouched(web.port), pytest.raises(Unchecked, match=f"{FORBIDDEN}, which is not of the public"):
        get(web, again, route=web.route(rebinding))
    assert len(asked) == 2


def test_a_name_with_one_forbidden_address_among_others_is_refused(web):
    with untouched(web.port), pytest.raises(Unchecked, match="not of the public internet"):
        get(web, web.serve("/a.png", picture()), route=web.route(lambda host, port: [HERE, FORBIDDEN]))


def test_the_certificate_must_be_for_the_name(web):
    web.serve("/a.png", picture())
    with pytest.raises(Unchecked, match="no secure connection"):
        get(web, web.url("/a.png", "unknown.example.org"), route=web.route(lambda host, port: [HERE]))


def test_redirects_end(web):
    for n in range(5):
        web.redirect(f"/{n}", f"/{n + 1}")
    web.serve("/4", picture())
    assert get(web, web.url("/1")).media_type == "image/png"
    with pytest.raises(Unchecked, match="more than 3 times"):
        get(web, web.url("/0"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://media.example.org/", "not encrypted"),
        ("file:///etc/passwd", "not a web address"),
        ("https://", "not a web address"),
        ("https://user:secret@media.example.org/", "user or a password"),
        ("https://media.example.org:99999/", "not a web address"),
        ("https://a b.example.org/", "not a name"),
    ],
)
def test_other_addresses_are_refused_and_show_no_secret(web, url, why):
    for one in (url, web.redirect("/to", url))[: 1 if url == "https://" else 2]:  # nothing is where the page is
        with pytest.raises(Unchecked, match=why) as refused:
            get(web, one)
        assert "secret" not in str(refused.value)


def test_gone_and_failing_servers_are_told_apart(web):
    with pytest.raises(Gone, match="404"):
        get(web, web.url("/nothing"))
    web.answers["/busy"] = lambda one: one.send_error(503)
    with pytest.raises(Unchecked, match="503"):
        get(web, web.url("/busy"))


def test_less_than_announced_is_truncated(web):
    url = web.serve("/short.png", picture(), **{"Content_Length": str(len(picture()) + 9)})
    with pytest.raises(Truncated, match="9 of the announced bytes"):
        get(web, url)

    def chunked(one):
        one.send_response(200)
        one.send_header("Transfer-Encoding", "chunked")
        one.end_headers()
        one.wfile.write(b"ff\r\nabc")

    web.answers["/chunked"] = chunked
    with pytest.raises(Truncated):
        get(web, web.url("/chunked"))


def test_a_stream_without_end_ends_at_the_limit_on_bytes(web):
    def endless(one):
        one.send_response(200)
        one.end_headers()
        while True:
            one.wfile.write(b"x" * 65536)

    web.answers["/endless"] = endless
    with pytest.raises(Unchecked, match="more than 3,000,000 bytes"):
        get(web, web.url("/endless"))


@pytest.mark.parametrize("where", ["body", "head"])
def test_a_trickle_ends_at_the_limit_on_the_whole_time(web, where):
    def trickle(one):
        one.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if where == "body" else b""))
        for _ in range(200):
            one.wfile.write(b"x: y\r\n" if where == "head" and _ % 7 == 0 else b"x")
            time.sleep(0.05)

    web.answers["/trickle"] = trickle
    began = time.monotonic()
    with pytest.raises(Unchecked):
        get(web, web.url("/trickle"), Limits(max_seconds=0.6))
    assert time.monotonic() - began < 3


def test_a_look_up_without_end_ends_at_the_limit_on_time(web):
    began = time.monotonic()
    with pytest.raises(Unchecked, match="look-up"):
        get(web, web.url("/a"), Limits(max_seconds=0.3), route=web.route(lambda host, port: time.sleep(5) or []))
    assert time.monotonic() - began < 2


def test_compressed_content_is_unpacked_and_a_bomb_is_not(web):
    told = web.serve("/page", gzip.compress(b"plain words " * 9), "text/plain", Content_Encoding="gzip")
    assert get(web, told).n_bytes == 12 * 9
    bomb = web.serve("/bomb", gzip.compress(b"\0" * 50_000_000), "text/plain", Content_Encoding="gzip")
    with pytest.raises(Unchecked, match="unpacks to more than 100 times"):
        get(web, bomb, Limits())
    cut = web.serve("/cut", gzip.compress(bytes(range(256)) * 99)[:-9], "text/plain", Content_Encoding="gzip")
    with pytest.raises(Truncated):
        get(web, cut)


def test_an_image_of_too_many_pixels_is_pinned_but_never_opened(web):
    for side, why in ((60_000, "more pixels than 60,000,000 by far: not opened"), (8_000, "64,000,000 pixels")):
        facts = get(web, web.serve("/huge.png", huge_png(side)))
        assert facts.picture_hash == ""
        assert why in facts.note


def test_a_damaged_image_is_pinned_without_a_perceptual_hash(web):
    facts = get(web, web.serve("/bad.png", picture()[:200]))
    assert facts.picture_hash == ""
    assert "decoded" in facts.note


def huge_png(side):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
