"""What a report says about how its numbers were made, with the papers."""

from __future__ import annotations

from annoaudit.reporting.record import Method

__all__ = ["METHODS"]

METHODS: dict[str, Method] = {
    "consensus": Method(
        "Consensus",
        "Majority vote, one-coin or hierarchical MAP Dawid-Skene; model and shrinkage are chosen from the labels "
        "alone. Where the items have features, a model's class probabilities serve as the item's prior.",
        "Dawid, Skene (1979), Applied Statistics 28; Paun et al. (2018), TACL 6",
    ),
    "agreement": Method(
        "Agreement",
        "Each coefficient with its published variance or an item-clustered bootstrap; missing labels allowed.",
        "Krippendorff (2011); Gwet (2014), Handbook of Inter-Rater Reliability; Fleiss (1971), Psych. Bulletin 76",
    ),
    "disagreement": Method(
        "Disagreement",
        "Share of labels that differ from the most frequent label of the other annotators on the same item. "
        "It is not an error rate: the others may be wrong.",
        "",
    ),
    "error_rate": Method(
        "Error rate",
        "Labels that differ from gold labels; exact binomial interval on the effective number of labels where "
        "several labels share an item.",
        "Clopper, Pearson (1934), Biometrika 26; Korn, Graubard (1998), Survey Methodology 24",
    ),
    "confident_learning": Method(
        "confident_learning",
        "Out-of-source class probabilities against the given labels; the ranking is chosen from the input alone. "
        "The length of its list is not an estimate of the number of errors.",
        "Northcutt, Jiang, Chuang (2021), JAIR 70",
    ),
    "neighbour_disagreement": Method(
        "neighbour_disagreement",
        "How far another class leads the given one among the most similar items, near copies collapsed.",
        "Zhu, Dong, Liu (2022), ICML",
    ),
    "duplicate_conflict": Method(
        "duplicate_conflict", "Copies and near copies of one item that carry different labels.", ""
    ),
    "consensus_disagreement": Method(
        "consensus_disagreement",
        "Posterior probability that a label is wrong, given all labels on its item and the annotators' accuracy.",
        "Dawid, Skene (1979), Applied Statistics 28",
    ),
    "label_fusion": Method(
        "label_fusion",
        "How unlikely peers find a label, and how often its annotator departs in the same way elsewhere.",
        "Efron, Morris (1973), JASA 68",
    ),
    "targeted_flips": Method(
        "targeted_flips",
        "Mistakes of an annotator in one class pair against their other mistakes and the team's leanings; p values, "
        "every pair allowed for (Sidak), false discovery rate over annotators held.",
        "Lawless (1987), Canadian J. Statistics 15; Benjamini, Hochberg (1995), JRSS B 57",
    ),
    "slice_scan": Method(
        "slice_scan",
        "Largest pile of an annotator's departures in one slice, against the same number drawn where peers find them "
        "likely; p values by sequential Monte Carlo.",
        "Kulldorff (1997), Communications in Statistics 26; Besag, Clifford (1991), Biometrika 78",
    ),
    "fixed_response": Method(
        "fixed_response",
        "Share of items of other classes that get the annotator's favourite class; lower end of its exact interval.",
        "Clopper, Pearson (1934), Biometrika 26",
    ),
    "worse_than_chance": Method(
        "worse_than_chance",
        "Agreement with clear answers against that of the same labels paired with items at random.",
        "Everitt (1968), British J. Mathematical and Statistical Psychology 21",
    ),
    "ring": Method(
        "ring",
        "Largest eigenvalue of the matrix of pair scores, against shuffles of who gave which label inside each item.",
        "Patefield (1981), Applied Statistics 30; Johnstone (2001), Annals of Statistics 29",
    ),
    "copying": Method(
        "copying",
        "e value of copying for each pair, against the chance, learned from all pairs, that honest people agree.",
        "van der Linden, Sotaridona (2006), J. Educ. Behavioral Statistics 31; Wang, Ramdas (2022), JRSS B 84",
    ),
    "drift": Method(
        "drift",
        "Shiryaev-Roberts detector of a fall of agreement, against each stream's own beginning; stated run length.",
        "Shin, Ramdas, Rinaldo (2024), New England J. Statistics in Data Science 2",
    ),
    "peer_score": Method(
        "peer_score",
        "Agreement with what a typical other annotator would say (from the item's features and the others' labels), "
        "against the team's own spread; a rank among this team, not a test.",
        "Miller, Resnick, Zeckhauser (2005), Management Science 51; Efron (2004), JASA 99",
    ),
    "sequence_pattern": Method(
        "sequence_pattern",
        "Match rates at lags 1 to 5 of an annotator's labels in order of submission, ranked among orders in which "
        "their labels change places only with labels near in time where peers expect the same class.",
        "Besag, Clifford (1991), Biometrika 78",
    ),
    "identical_artefacts": Method(
        "identical_artefacts",
        "Boxes to stored precision, spans with odd ends, free texts, times to the millisecond and submission gaps that "
        "two accounts have alike, against all other pairs and against their own different items; e values with e-BH.",
        "Shafer (2021), JRSS A 184; Wang, Ramdas (2022), JRSS B 84; Clopper, Pearson (1934), Biometrika 26",
    ),
    "accepts_predictions": Method(
        "accepts_predictions",
        "Share of shown predictions kept where peers most probably say another class, against a beta-binomial with the "
        "team's own spread.",
        "Skellam (1948), JRSS B 10",
    ),
    "gold_gap": Method(
        "gold_gap",
        "Agreement on gold items against what an annotator's skill on all other items, in log odds, leads to expect, "
        "with the team's own spread.",
        "Sinharay (2017), Journal of Educational and Behavioral Statistics 42",
    ),
    "hostile_content": Method(
        "hostile_content",
        "Characters that hide, turn or imitate, told exactly; instructions, active content and formulas by patterns, "
        "which is a heuristic; a rank, not a test.",
        "Unicode Technical Standard 39; Boucher et al. (2022), IEEE S&P; Greshake et al. (2023), AISec",
    ),
    "self_consistency": Method(
        "self_consistency",
        "Cohen's kappa of an annotator's first and second answers, against the team's spread; a rank, not a test.",
        "Cohen (1960), Educational and Psychological Measurement 20",
    ),
    "timing": Method(
        "timing",
        "Growth of time with the item's length, labels under an item-specific floor, and bursts, counted only together "
        "with a shortfall of agreement with peers; a rank, not a test.",
        "van der Linden (2007), Psychometrika 72",
    ),
}
