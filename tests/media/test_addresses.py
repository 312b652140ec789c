"""The rule about addresses, and that no option or configuration can loosen it."""

import ipaddress

import pytest
from click.testing import CliRunner
from typer.main import get_command

from annoaudit.cli.app import app
from annoaudit.job.config import Config
from annoaudit.media.addresses import is_public
from annoaudit.media.domains import registrable_domain
from annoaudit.media.pinning import Access
from annoaudit.media.route import Route

FORBIDDEN = (
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.9", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.9.9", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::",
    "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "2002:808:808::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
)  # fmt: skip
PUBLIC = (
    "8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
)  # fmt: skip


@pytest.mark.parametrize("text", FORBIDDEN)
def test_addresses_of_own_networks_are_forbidden_however_they_are_written(text):
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text):
    assert is_public(ipaddress.ip_address(text))


def test_the_rule_is_on_unless_python_code_gives_another():
    assert Access().route == Route()
    assert Route().allows is is_public


def test_no_option_and_no_configuration_reaches_the_rule():
    words = ("private", "loopback", "address", "route", "resolve", "insecure", "verify-tls", "trust", "proxy")
    media = get_command(app).commands["media"]
    options = [option for command in media.commands.values() for one in command.params for option in one.opts]
    assert not [one for one in options if any(word in one for word in words)]
    shown = str(Config.model_json_schema()["$defs"].get("Media", {}).get("properties", {}))
    assert not [word for word in words if f"'{word}" in shown]


def test_the_command_refuses_a_private_address(tmp_path):
    (tmp_path / "labels.csv").write_text(
        "item_id,annotator,label,uri\na,u,x,http://169.254.169.254/latest/meta-data\nb,u,y,https://127.0.0.1/x.png\n"
    )
    arguments = ["media", "pin", str(tmp_path / "labels.csv"), "--out", str(tmp_path / "p.parquet"), "--allow-http"]
    done = CliRunner().invoke(get_command(app), arguments)
    assert done.exit_code == 3
    assert done.output.count("not of the public internet: not connected to") == 2


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.example.org", "example.org"),
        ("Example.ORG.", "example.org"),
        ("img.shop.co.uk", "shop.co.uk"),
        ("me.github.io", "me.github.io"),
        ("x.s3.amazonaws.com", "x.s3.amazonaws.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
    ],
)
def test_registrable_domains(host, domain):
    assert registrable_domain(host) == domain
