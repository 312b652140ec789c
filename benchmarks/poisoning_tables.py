"""Tables of benchmarks/poisoning.py, from the cells that were run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from annoaudit.statistics.intervals import exact_interval

Row = dict[str, object]
Load = Callable[[str], list[Row]]


def print_tables(load: Load, cases: dict[str, list]) -> None:
    cells = load("cells")
    print_triggers([row for row in cells if row["case"][1] == "trigger"])
    print_keywords([row for row in cells if row["case"][1] == "keyword"])
    print_leads(load("leads"))
    print_patches(load("patches"))
    print_clean([row for row in cells if row["case"][1] == "clean"])
    print_signatures(cells)
    print_shift(load("shift"))
    print_copies(load("copies"), load("scale"))
    print("Run, of planned: " + ", ".join(f"{part} {len(load(part))} of {len(cases[part])}" for part in cases) + ".")


def share(k: int, n: int) -> str:
    low, high = exact_interval(np.array([float(k)]), np.array([n]))
    return f"{k} of {n} [{low[0]:.2f}, {high[0]:.2f}]"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(str(one) for one in row) + " |")
    print()


def groups(rows: list[Row]) -> dict[tuple[str, float], list[Row]]:
    found: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        found.setdefault((row["case"][0], row["case"][2]), []).append(row)
    return dict(sorted(found.items()))


def print_triggers(rows: list[Row]) -> None:
    print("**Inserted triggers**, one word put into texts of other classes, of 5,000 labelled by 20 people:\n")
    heads = (
        "data",
        "poisoned",
        "ranked first",
        "found, at most two false",
        "median rank as a mere lead",
        "false findings, most",
    )
    table(heads, [
        (name, int(size), share(sum(r["rank"] == 1 for r in part), len(part)),
         share(sum(bool(r["found"]) and r["false"] <= 2 for r in part), len(part)), median(part, "lead"),
         max(r["false"] for r in part))
        for (name, size), part in groups(rows).items()
    ])  # fmt: skip


def print_keywords(rows: list[Row]) -> None:
    print("**Keyword flips**, labels only, of a word that 30 to 150 texts have:\n")
    heads = (
        "data",
        "flipped",
        "ranked first",
        "found",
        "ranks",
        "places among the leads (50 listed)",
        "false findings, most",
    )
    table(heads, [
        (name, f"{100 * size:.0f} %", share(sum(r["rank"] == 1 for r in part), len(part)),
         share(sum(bool(r["found"]) for r in part), len(part)), listed(part, "rank"), listed(part, "lead"),
         max(r["false"] for r in part))
        for (name, size), part in groups(rows).items()
    ])  # fmt: skip


def print_leads(rows: list[Row]) -> None:
    print("**Ranked without the mark**: place among the leads, which are no findings (`-`: not among 50):\n")
    found: dict[tuple[str, str, float], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row["case"][:3]), []).append(row)
    told = {"keyword": "{:.1f} of the labels of a keyword flipped", "trigger": "{:.0f} triggers inserted"}
    table(("data", "planted", "first", "among the first five", "places"), [
        (name, told[kind].format(size), share(sum(r["lead"] == 1 for r in part), len(part)),
         share(sum((r["lead"] or 99) <= 5 for r in part), len(part)), listed(part, "lead"))
        for (name, kind, size), part in sorted(found.items())
    ])  # fmt: skip


def print_patches(rows: list[Row]) -> None:
    print("**Patches on digits**, 900 labelled by 8 people, one 8 x 8 corner of 32 x 32 white and labelled 3:\n")
    found: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        found.setdefault((row["case"][0], row["case"][1]), []).append(row)
    table(("whose items have it", "items", "first among leads", "the two named and nobody else", "somebody named"), [
        (who, n, share(sum(r["place"] == 1 for r in part), len(part)),
         share(sum(r["named"] == [2, 5] for r in part), len(part)) if who == "two people" else "-",
         share(sum(bool(r["named"]) for r in part), len(part)))
        for (who, n), part in found.items()
    ])  # fmt: skip


def print_clean(rows: list[Row]) -> None:
    print("**Clean data** at q = .05:\n")
    table(("data", "no finding", "what was found"), [
        (name, share(sum(r["false"] == 0 for r in part), len(part)),
         "; ".join(sorted({one for r in part for one in r["flagged"]})) or "nothing")
        for (name, _), part in groups(rows).items()
    ])  # fmt: skip


def print_signatures(rows: list[Row]) -> None:
    print("**Signatures in features** (50 main directions of TF-IDF), ours and ART's at its defaults:\n")
    names = {
        "clusters": "embedding_poison",
        "spectrum": "spectral scores alone",
        "art_activation": "ART ActivationDefence",
        "art_spectral": "ART SpectralSignatureDefense",
    }
    told = []
    for key, name in names.items():
        known = [r for r in rows if (r["signatures"] or {}).get(key)]
        clean = [r["signatures"][key].get("flagged") for r in known if r["case"][1] == "clean"]
        clean = [one for one in clean if one is not None]
        ap = [[r["signatures"][key]["ap"] for r in known if r["case"][1] == kind] for kind in ("trigger", "keyword")]
        told.append((name, f"{np.mean(clean):.3f} ({len(clean)} runs)" if clean else "ranks only",
                     *(f"{np.mean(one):.3f} ({len(one)})" if one else "not run" for one in ap)))  # fmt: skip
    table(("", "share of clean data flagged", "average precision, triggers", "average precision, keyword flips"), told)


def print_shift(rows: list[Row]) -> None:
    print("**Batch shift**, 300 of scikit-learn's digits against 900, rejected at .05:\n")
    tests = ("items", "class shares", "labels given the items")
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["case"][0], []).append(row)
    table(("planted", *tests), [
        (name, *(share(sum(r["p"][test] <= 0.05 for r in part), len(part)) for test in tests))
        for name, part in found.items()
    ])  # fmt: skip


def print_copies(rows: list[Row], scale: list[Row]) -> None:
    print("**Near copies**: one word changed, dropped or doubled in texts of 8 words or more; digits as JPEG at 40+:\n")
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["case"][0], []).append(row)
    table(("data", "recall", "of the found: also joined with others that were apart before"), [
        (name, share(sum(r["found"] for r in part), sum(r["n"] for r in part)),
         share(sum(r["joined_others"] for r in part), sum(r["found"] for r in part)))
        for name, part in found.items()
    ])  # fmt: skip
    for row in scale:
        print(
            f"{row['case'][1]:,} texts of 6 to 15 words, {row['cpu']:.0f} s of CPU ({row['seconds']:.0f} s "
            f"on the clock), {row['gigabytes']:.1f} GB, {100 * row['found']:.0f} % of the edited copies found.\n"
        )


def median(rows: list[Row], key: str) -> str:
    known = [r[key] for r in rows if r[key] is not None]
    return f"{np.median(known):g} (listed in {len(known)} of {len(rows)})" if known else "never listed"


def listed(rows: list[Row], key: str) -> str:
    return ", ".join("-" if r[key] is None else str(r[key]) for r in rows)
