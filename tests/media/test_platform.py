from dataclasses import dataclass, field

import pytest
from web import NAMES, SMALL, picture, untouched

from annoaudit.media.pinning import Access
from annoaudit.media.platform import Platform
from annoaudit.media.refusals import Unchecked
from annoaudit.media.route import Route

SECRET = "Token not-for-everybody"


@dataclass
class Host:
    base_url: str
    folders: tuple[str, ...] = ("/data/",)
    signed: list[str] = field(default_factory=list)

    def sign(self) -> str:
        self.signed.append(SECRET)
        return SECRET


def access(web, base: str = "") -> Access:
    return web.access(platform=Platform(Host(f"{web.url('')}{base}")))


def signs(web) -> list[bool]:
    return [one.get("Authorization") == SECRET for one in web.headers]


@pytest.mark.parametrize("base", ["", "/labels"])
def test_a_path_is_asked_of_the_platform_with_its_token(web, base):
    web.serve(f"{base}/data/upload/1/a.png", picture(1))
    for uri in ("/data/upload/1/a.png", f"{base}/data/upload/1/a.png", web.url(f"{base}/data/upload/1/a.png")):
        facts = access(web, base).look(uri)
        assert (facts.media_type, facts.final_url) == ("image/png", web.url(f"{base}/data/upload/1/a.png"))
    assert signs(web) == [True, True, True]


@pytest.mark.parametrize(
    "path",
    [
        "/api/projects/1/", "/data/../api/projects/1/", "/data/%2e%2e/api/projects/1/", "/data/%252e%252e/api/",
        "/data/..%2fapi/", "/data/..%5capi/", "/database/", "/data", "//other.example.net/data/a.png",
    ],
)  # fmt: skip
def test_no_other_path_of_the_platform_is_asked_with_the_token(web, path):
    web.serve(path, picture(1))
    with pytest.raises(Unchecked):
        access(web).look(path)
    assert access(web).platform.find(web.url(path)) is None
    assert not any(signs(web))


@pytest.mark.parametrize(
    "url",
    [
        "http://media.example.org:{port}/data/a.png", "https://media.example.org/data/a.png",
        "https://media.example.org.evil.example/data/a.png", "https://user@media.example.org:{port}/data/a.png",
        "https://cdn.example.org:{port}/data/a.png", "https://[broken/data/a.png",
    ],
)  # fmt: skip
def test_another_scheme_port_or_host_is_not_the_platform(web, url):
    assert access(web).platform.find(url.format(port=web.port)) is None


def test_a_redirect_inside_the_platform_keeps_the_token_and_one_to_elsewhere_does_not(web):
    web.serve("/data/a.png", picture(1))
    web.serve("/store/b.png", picture(1))
    web.redirect("/data/moved.png", "/data/a.png")
    web.redirect("/data/stored.png", web.url("/store/b.png?signature=secret", NAMES[1]))
    web.answers["/store/b.png?signature=secret"] = web.answers["/store/b.png"]
    assert access(web).look("/data/moved.png").final_url == web.url("/data/a.png")
    assert signs(web) == [True, True]
    assert access(web).look("/data/stored.png").final_url == web.url("/store/b.png", NAMES[1])
    assert signs(web) == [True, True, True, False]


def test_the_token_does_not_come_back_after_a_redirect_to_elsewhere(web):
    web.serve("/data/a.png", picture(1))
    web.redirect("/data/out.png", web.url("/there.png", NAMES[1]))
    web.redirect("/there.png", web.url("/data/a.png"))
    access(web).look("/data/out.png")
    assert signs(web) == [True, False, False]


def test_an_address_from_elsewhere_is_never_led_into_the_platform_with_its_token(web):
    web.serve("/data/a.png", picture(1))
    web.redirect("/bait.png", web.url("/data/a.png"))
    access(web).look(web.url("/bait.png", NAMES[2]))
    assert signs(web) == [False, False]


def test_the_platform_may_have_a_private_address_and_what_it_redirects_to_may_not(web):
    web.serve("/data/a.png", picture(1))
    strict = Route(resolve=web.route().resolve, trust=web.route().trust)
    reached = Access(limits=SMALL, route=strict, platform=Platform(Host(web.url(""))))
    assert reached.look("/data/a.png").media_type == "image/png"
    with untouched() as port:
        web.redirect("/data/trap.png", f"https://127.0.0.2:{port}/data/a.png")
        with pytest.raises(Unchecked, match="not of the public internet"):
            reached.look("/data/trap.png")
    with pytest.raises(Unchecked, match="not of the public internet"):
        reached.look(web.url("/data/a.png", NAMES[1]))


def test_limits_hold_on_the_platform_too(web):
    web.serve("/data/big.png", b"x" * 4_000_000)
    with pytest.raises(Unchecked, match="more than 3,000,000 bytes"):
        access(web).look("/data/big.png")


def test_refusals_do_not_show_the_token(web):
    web.redirect("/data/away.png", "ftp://elsewhere/")
    with pytest.raises(Unchecked) as refused:
        access(web).look("/data/away.png")
    assert SECRET not in str(refused.value)
