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
        "Of texts: share of words in which they differ from the others' vote. It is not an error rate: the others may "
        "be wrong.",
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
    "box_location": Method(
        "box_location",
        "Gap between a region and the consensus of those who marked the same thing (boxes: median of each edge), in "
        "robust deviations from what is usual for its size in this team; a rank, not a test.",
        "Everingham et al. (2010), IJCV 88; Bolya et al. (2020), ECCV",
    ),
    "edge_bias": Method(
        "edge_bias",
        "Mean offsets of an annotator's edges from the others', free of the others' own bias; p values flip the signs "
        "of whole images, over four edges and size together.",
        "Canay, Romano, Shaikh (2017), Econometrica 85; Romano, Wolf (2005), JASA 100",
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
        "likely; a group that departs together, found on half of the items and tested on the other half; p values by "
        "sequential Monte Carlo.",
        "Kulldorff (1997), Communications in Statistics 26; Besag, Clifford (1991), Biometrika 78; Speakman et al. "
        "(2016), J. Computational and Graphical Statistics 25",
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
        "Largest eigenvalue of the matrix of pair scores, against shuffles of who gave which label inside each item, "
        "by odds that give everybody as many odd labels as they have.",
        "Patefield (1981), Applied Statistics 30; Hunter (2004), Annals of Statistics 32; Johnstone (2001), Annals of "
        "Statistics 29",
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
        "allowing for how hard the items are, against the team's own spread; a rank among this team, not a test.",
        "Miller, Resnick, Zeckhauser (2005), Management Science 51; Efron (2004), JASA 99",
    ),
    "embedding_poison": Method(
        "embedding_poison",
        "Each class in two clusters of its features, ranked by how far apart they are (silhouette); items inside by "
        "their share in the strongest direction of the class. A rank, not a test.",
        "Tran, Li, Madry (2018), NeurIPS; Chen et al. (2018), arXiv 1811.03728; Rousseeuw (1987), J. Computational and "
        "Applied Mathematics 20",
    ),
    "near_duplicates": Method(
        "near_duplicates",
        "Copies and near copies across splits and in clusters, and batches whose items lie closer together than 99.9 % "
        "of nearest neighbours across batches. Counted, not tested.",
        "Bayardo, Ma, Srikant (2007), WWW",
    ),
    "batch_shift": Method(
        "batch_shift",
        "Each late batch against the items before it: a cross-fitted classifier on features, class shares, and labels "
        "less what a model expects, within strata of the expected class; permutation p values, false discovery rate "
        "held.",
        "Lopez-Paz, Oquab (2017), ICLR; Besag, Clifford (1991), Biometrika 78",
    ),
    "missingness": Method(
        "missingness",
        "Items without labels, with few, or skipped, each against items near them in order that have labels: a "
        "cross-fitted classifier on features and sizes, group shares and class shares; p values by permutation among "
        "neighbours of the same batch and split, false discovery rate held.",
        "Lopez-Paz, Oquab (2017), ICLR; Besag, Clifford (1991), Biometrika 78; Rubin (1976), Biometrika 63",
    ),
    "trigger_scan": Method(
        "trigger_scan",
        "Words, phrases, metadata values and image patches whose items carry a class more often than the rest of each "
        "item explains, by a model that saw none of their labels; exact Poisson-binomial p values, false discovery "
        "rate held over all marks and classes, marks that others explain set aside.",
        "He, Wang, Rubinstein, Cohn (2023), EMNLP; Hong (2013), Computational Statistics and Data Analysis 59",
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
    "position_bias": Method(
        "position_bias",
        "Change of the chance of choosing the left side beside what others say of the same comparison, from the team's "
        "median; robust standard error and the team's own spread.",
        "MacKinnon, White (1985), J. Econometrics 29; Efron (2004), JASA 99",
    ),
    "length_bias": Method(
        "length_bias",
        "As position_bias, for the longer of two texts.",
        "Dubois et al. (2024), COLM",
    ),
    "rating_residual": Method(
        "rating_residual",
        "Probability that a rating was made as if for another item: what the other ratings and a regression that saw "
        "none of them lead to expect, with the annotator's severity, scale and noise (EM), against ratings in general.",
        "Laird, Ware (1982), Biometrics 38; Efron (2010), Large-scale inference",
    ),
    "rater_severity": Method(
        "rater_severity",
        "What an annotator adds to what items deserve, shrunk, against the team's own spread; a rank, not a test.",
        "Laird, Ware (1982), Biometrics 38; Efron (2004), JASA 99",
    ),
    "straight_lining": Method(
        "straight_lining",
        "Spread of an annotator's ratings against what the team's on the same items lead to expect, and ratings that "
        "repeat the one before, among other orders; a rank, not a test.",
        "Herzog, Bachman (1981), Public Opinion Quarterly 45; Besag, Clifford (1991), Biometrika 78",
    ),
    "ranking_distance": Method(
        "ranking_distance",
        "Probability that an order was drawn at random: chances of its comparisons, from the weighted votes and Borda "
        "scores of the others (logistic, ranking left out), to the power 2/k, against one half each.",
        "Bradley, Terry (1952), Biometrika 39; Efron (2010), Large-scale inference",
    ),
    "reversed_ranking": Method(
        "reversed_ranking",
        "Mean tau of an annotator's rankings with what the others believe, against 0, one-sided (t).",
        "Kendall (1948), Rank correlation methods",
    ),
    "low_rank_agreement": Method(
        "low_rank_agreement",
        "Tau with the others short of what a typical annotator would reach on the same items, against the team's own "
        "spread; a rank, not a test.",
        "Efron (2004), JASA 99",
    ),
    "order_bias": Method(
        "order_bias",
        "Change of the chance that what was shown first stands above, beside what others say of the same items, from "
        "the team's median; robust standard error and the team's own spread.",
        "Krosnick, Alwin (1987), Public Opinion Quarterly 51; MacKinnon, White (1985), J. Econometrics 29",
    ),
    "same_order": Method(
        "same_order",
        "Mean tau between two rankings of one annotator, of different items, against the team's own spread; a rank, "
        "not a test.",
        "Herzog, Bachman (1981), Public Opinion Quarterly 45",
    ),
    "text_distance": Method(
        "text_distance",
        "Share of words in which a text differs from the vote, word by word, of the others on its item, annotators "
        "weighed by how they differ elsewhere; a difference counts less where the others are at odds. A rank.",
        "Fiscus (1997), IEEE ASRU",
    ),
    "text_outlier": Method(
        "text_outlier",
        "Texts without words, the same text from one annotator on several items, and lengths far from what the item "
        "leads to expect, in robust deviations; a rank, not a test.",
        "",
    ),
    "text_quality": Method(
        "text_quality",
        "Rate of words that differ from the others' vote, less the others' rate on the same items, against the team's "
        "own spread; a rank, not a test.",
        "Cochran (1977), Sampling techniques; Efron (2004), JASA 99",
    ),
    "ignores_input": Method(
        "ignores_input",
        "Distance of an annotator's texts to others' on the same items, among random orders of the same texts: "
        "suspicious are those whose texts fit their items no better than in any order.",
        "Mantel (1967), Cancer Research 27; Phipson, Smyth (2010), SAGMB 9",
    ),
    "near_copies": Method(
        "near_copies",
        "Items on which two annotators have the same odd words, against one and a half times what their sharing with "
        "other people leads to expect given how many share odd words on each item; p values, false discovery rate over "
        "pairs held.",
        "Wollack (1997), Applied Psychological Measurement 21; Hong (2013), CSDA 59",
    ),
    "timing": Method(
        "timing",
        "Growth of time with the item's length, labels under an item-specific floor, and bursts, counted only together "
        "with a shortfall of agreement with peers; a rank, not a test.",
        "van der Linden (2007), Psychometrika 72",
    ),
}
