from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache

import audit_records
import pytest
from markdown_it import MarkdownIt
from pages import Page, parsed

from annoaudit.reporting import (
    findings_csv,
    plot_agreement,
    plot_annotators,
    plot_confusion,
    render_html,
    render_json,
    render_markdown,
    render_notebook,
    render_summary,
    write_findings,
)
from annoaudit.reporting.record import AuditRecord

PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "image": "<img src=x onerror=alert(1)>",
    "closing": "</style></title></svg></td></table></textarea><iframe src=//evil.example>",
    "comment": "--><!-- <![CDATA[ ]]> <?php ?>",
    "template": "{{ 7*7 }}{% raw %}{# x #}${7*7}#{7*7}",
    "css": "} body { display:none } @import url(//evil.example)",
    "ansi": "\x1b[31mred\x1b]8;;https://evil.example\x07\x9b2J\r\x08",
    "bidi": "\u202egnp.exe\u2066\u200b\ufeff\u2028\U000e0041",
    "surrogate": "\ud83d half",
    "markdown": "**b** _i_ `c` ``` [l](https://evil.example) ![i](x) | <https://evil.example> ~~s~~ # h",
    "mention": "@everyone https://evil.example www.evil.example &lt;b&gt; $x$",
    "lines": "one\n\n# two\r\n| a | b |\n\t- three",
    "formula": '=HYPERLINK("https://evil.example")',
    "markup": "[bold red]rich[/] [link=https://evil.example]x[/link]",
    "mathtext": r"$\frac{1}{",
    "long": "W" * 5000,
    "empty": "",
}
ALLOWED_ELEMENTS = set(
    re.findall(
        "[a-z0-9]+",
        "html head meta title style body a header p span bdi h1 h2 h3 div strong dl dt dd b nav ul li main section "
        "ol code details summary table caption thead tbody tr th td svg line circle text title rect g figure "
        "figcaption cite footer br",
    )
)
ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff\u2028\u2029]")
# Branches that depend on which string it is, not on its text, stay alike: uri and native_url are no web
# addresses in either record.
PLAIN = audit_records.planted(
    audit_records.with_failure(audit_records.realistic(n_annotators=6, n_queue=3)), lambda s: "x" + s
)


@cache
def plain_page(render: Callable[[AuditRecord], str]) -> Page:
    return parsed(render(PLAIN))


@pytest.fixture(params=[name for name in PAYLOADS if name != "empty"])
def payload(request: pytest.FixtureRequest) -> str:
    return PAYLOADS[request.param]


@pytest.fixture
def hostile(payload: str) -> AuditRecord:
    record = audit_records.with_failure(audit_records.realistic(n_annotators=6, n_queue=3))
    return audit_records.planted(record, lambda s: payload + s)


@pytest.mark.parametrize("render", [render_html, render_notebook])
def test_html_has_the_same_elements_and_attributes_whatever_the_data_says(render, hostile):
    page = parsed(render(hostile))
    assert page.skeleton == plain_page(render).skeleton
    assert page.names <= ALLOWED_ELEMENTS
    assert page.others == plain_page(render).others


@pytest.mark.parametrize("render", [render_html, render_notebook])
@pytest.mark.parametrize("name", list(PAYLOADS))
def test_html_is_inert_even_where_fixed_words_are_replaced(render, name):
    record = audit_records.planted(
        audit_records.realistic(n_annotators=6, n_queue=3), lambda s: PAYLOADS[name], literals=True
    )
    page = parsed(render(record))
    assert page.names <= ALLOWED_ELEMENTS
    for _, attributes in page.tags:
        assert not any(attribute.startswith("on") for attribute in attributes)
        assert "src" not in attributes


@pytest.mark.parametrize("render", [render_html, render_notebook, render_markdown, render_summary])
def test_nothing_invisible_reaches_a_reader(render, hostile):
    text = render(hostile)
    assert not ACTIVE.search(text)
    text.encode("utf-8")


@pytest.mark.parametrize("render", [render_html, render_notebook, render_markdown, render_summary])
def test_what_was_hidden_is_readable(render):
    record = audit_records.planted(audit_records.realistic(n_queue=2), lambda s: "\x1b\u202e" + s)
    assert "x1b" in render(record)
    assert "u202e" in render(record)


def test_content_keeps_its_text(record):
    planted = audit_records.planted(record, lambda s: s + "<b>&amp;</b>")
    assert "<b>&amp;</b>" in "".join(parsed(render_html(planted)).text)


def test_links_come_only_from_the_queue_entry(hostile):
    def links(record: AuditRecord) -> list[str]:
        tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(render_markdown(record))
        inline = [child for token in tokens for child in token.children or ()]
        assert not [token for token in [*tokens, *inline] if "html" in token.type or token.type == "image"]
        return [str(token.attrs["href"]) for token in inline if token.type == "link_open"]

    assert links(hostile) == []


def test_markdown_has_the_same_structure_whatever_the_data_says(hostile):
    def structure(record: AuditRecord) -> list[str]:
        parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        return [token.type for token in parser.parse(render_markdown(record))]

    assert structure(hostile) == structure(PLAIN)


@pytest.mark.parametrize("name", list(PAYLOADS))
def test_json_is_valid_and_ascii(name):
    record = audit_records.planted(audit_records.realistic(n_queue=2), lambda s: PAYLOADS[name] + s, literals=True)
    text = render_json(record)
    assert text.isascii()
    document = json.loads(text, parse_constant=pytest.fail)
    assert document["title"] == PAYLOADS[name].replace("\ud83d", "\\ud83d") + record.title.removeprefix(PAYLOADS[name])


@pytest.mark.parametrize("width", [40, 80, 120])
def test_terminal_lines_stay_within_the_width(hostile, width):
    from rich.cells import cell_len

    lines = render_summary(hostile, width).split("\n")
    assert max(map(cell_len, lines)) <= width


def test_findings_files_survive(hostile, tmp_path):
    parquet, lines = write_findings(hostile.findings, tmp_path)
    assert parquet.stat().st_size > 0
    rows = [json.loads(line) for line in lines.read_text("ascii").splitlines()]
    assert len(rows) == len(hostile.findings)


def test_csv_has_no_formula_and_no_control(hostile):
    import csv
    import io

    text = findings_csv(hostile.findings)
    assert not ACTIVE.search(text)
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert not cell.lstrip().startswith(("=", "+", "@", "\t")) or cell.startswith("'")


@pytest.mark.parametrize("plot", [plot_annotators, plot_confusion, plot_agreement])
@pytest.mark.parametrize("name", ["mathtext", "markup", "formula", "empty"])
def test_plots_take_names_literally(plot, name, tmp_path):
    planted = audit_records.planted(audit_records.realistic(n_queue=1), lambda s: PAYLOADS[name] + s)
    plot(planted).savefig(tmp_path / "plot.png")
