"""Real and constructed exports beside the project, where they are there."""

import os
from pathlib import Path

import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import read

ROOT = Path(os.environ.get("ANNOAUDIT_SHARED", Path(__file__).resolve().parents[2] / "../shared")) / "data/formats"
COUNTS = {  # items, annotators, questions, annotations, labels, predictions
    "label_studio/chat.json": (1, 2, 2, 2, 4, 1),
    "label_studio/image.json": (2, 2, 16, 4, 50, 1),
    "label_studio/judgement.json": (2, 2, 9, 4, 32, 1),
    "label_studio/judgement_min.json": (2, 2, 9, 3, 32, 0),
    "label_studio/media.json": (1, 2, 5, 2, 12, 1),
    "label_studio/text.json": (2, 2, 6, 4, 18, 1),
    "label_studio/video_vector_ocr.json": (1, 2, 2, 2, 4, 1),
    "label_studio_upstream/chat.json": (1, 1, 1, 1, 4, 0),
    "label_studio_upstream/coco_source.json": (1, 1, 3, 1, 4, 0),
    "label_studio_upstream/csv_test.json": (2, 2, 1, 2, 5, 2),
    "label_studio_upstream/csv_test2.json": (1, 1, 1, 1, 1, 0),
    "label_studio_upstream/csv_test_history.json": (1, 1, 1, 1, 1, 0),
    "label_studio_upstream/json_min_source.json": (1, 1, 1, 1, 1, 0),
    "label_studio_upstream/keypoints.json": (1, 1, 3, 1, 9, 0),
    "label_studio_upstream/obb.json": (3, 1, 1, 3, 25, 0),
    "label_studio_upstream/polygons.json": (1, 1, 1, 1, 1, 0),
    "label_studio_upstream/repeater.json": (1, 1, 2, 1, 2, 0),
    "label_studio_upstream/yolo_source.json": (2, 2, 1, 3, 6, 0),
    "generic/long.csv": (1, 2, 1, 2, 2, 0),
    "generic/wide.csv": (2, 3, 1, 5, 5, 0),
    "argilla/api_record.json": (1, 2, 6, 2, 12, 0),
    "argilla/records_to_datasets.parquet": (5, 2, 6, 10, 60, 5),
    "argilla/sdk_record.json": (1, 2, 6, 2, 13, 1),
    "coco/captions_val.json": (1, 1, 1, 1, 2, 0),
    "coco/cvat_live_keypoints.json": (6, 1, 1, 2, 2, 0),
    "coco/image_info_val.json": (1, 0, 1, 0, 0, 0),
    "coco/instances_train.json": (1, 1, 1, 1, 1, 0),
    "coco/instances_val.json": (1, 1, 1, 1, 2, 0),
    "coco/labels_val.json": (1, 1, 1, 1, 2, 0),
    "coco/panoptic_val.json": (1, 1, 1, 1, 2, 0),
    "coco/person_keypoints_val.json": (1, 1, 1, 1, 2, 0),
    "coco/results_bbox100.json": (99, 1, 1, 99, 734, 0),
    "coco/results_keypoints100.json": (47, 1, 1, 47, 125, 0),
    "coco/roboflow_train.coco.json": (1, 1, 1, 1, 1, 0),
    "coco/stuff_val.json": (1, 1, 1, 1, 1, 0),
    "conll/bioes.conll": (1, 1, 1, 1, 2, 0),
    "conll/iob1.conll": (1, 1, 1, 1, 3, 0),
    "conll/iob2.conll": (2, 1, 1, 2, 3, 0),
    "conllu/sample.conllu": (1, 1, 2, 1, 6, 0),
    "cvat/COCO_1_0.zip": (6, 1, 1, 4, 10, 0),
    "cvat/COCO_Keypoints_1_0.zip": (6, 1, 1, 2, 2, 0),
    "cvat/CVAT_for_images_1_1.zip": (6, 1, 2, 4, 14, 0),
    "cvat/CVAT_for_video_1_1.zip": (1, 1, 2, 1, 20, 0),
    "cvat/LabelMe_3_0.zip": (6, 1, 1, 6, 10, 0),
    "cvat/PASCAL_VOC_1_1.zip": (6, 1, 1, 6, 6, 0),
    "cvat/YOLO_1_1.zip": (6, 1, 1, 6, 6, 0),
    "cvat/live_for_images.xml": (6, 1, 2, 4, 14, 0),
    "cvat/live_for_video.xml": (1, 1, 2, 1, 20, 0),
    "cvat_upstream/images_project.xml": (6, 1, 1, 6, 12, 0),
    "cvat_upstream/images_task.xml": (2, 1, 1, 2, 4, 0),
    "cvat_upstream/video.xml": (1, 1, 2, 1, 7, 0),
    "doccano/admin.jsonl": (5, 0, 0, 0, 0, 0),
    "doccano/ann1.jsonl": (5, 1, 1, 5, 5, 0),
    "doccano/ann2.jsonl": (5, 1, 1, 5, 5, 0),
    "doccano/bbox_ann1.jsonl": (1, 1, 1, 1, 1, 0),
    "doccano/ner_rel_admin.jsonl": (1, 1, 1, 1, 2, 0),
    "doccano/ner_rel_ann1.jsonl": (1, 1, 2, 1, 5, 0),
    "doccano/ner_rel_ann2.jsonl": (1, 1, 2, 1, 5, 0),
    "doccano/seg_ann1.jsonl": (1, 1, 1, 1, 1, 0),
    "doccano/seq2seq_admin.jsonl": (1, 1, 1, 1, 1, 0),
    "doccano/upstream_classification.csv": (3, 1, 1, 3, 3, 0),
    "doccano/upstream_classification.jsonl": (3, 1, 1, 3, 3, 0),
    "doccano/upstream_intent_detection.jsonl": (2, 1, 2, 2, 5, 0),
    "labelbox_ndjson/classification_import.json": (1, 1, 2, 1, 3, 0),
    "labelbox_ndjson/conversation_entity_import.json": (1, 1, 1, 1, 1, 0),
    "labelbox_ndjson/image_import.json": (1, 1, 1, 1, 4, 0),
    "labelbox_ndjson/metric_import.json": (1, 1, 1, 1, 1, 0),
    "labelbox_ndjson/mmc_import.json": (3, 1, 3, 3, 3, 0),
    "labelbox_ndjson/nested_import.json": (1, 1, 2, 1, 8, 0),
    "labelbox_ndjson/pdf_import.json": (2, 1, 1, 2, 6, 0),
    "labelbox_ndjson/polyline_import.json": (1, 1, 1, 1, 1, 0),
    "labelbox_ndjson/rectangle_import.json": (1, 1, 1, 1, 1, 0),
    "labelbox_ndjson/relationship_import.json": (2, 1, 2, 2, 6, 0),
    "labelbox_ndjson/text_entity_import.json": (1, 1, 1, 1, 1, 0),
    "labelbox_ndjson/video_import.json": (1, 1, 3, 1, 12, 0),
    "labelbox_v1/highly_nested_image.json": (1, 1, 12, 1, 16, 0),
    "labelbox_v1/image_export.json": (1, 1, 6, 1, 17, 0),
    "labelbox_v1/pdf_export.json": (1, 1, 1, 1, 7, 0),
    "labelbox_v1/text_export.json": (1, 1, 3, 1, 6, 0),
    "labelbox_v1/tiled_image_export.json": (2, 1, 1, 2, 14, 0),
    "labelbox_v1/unkown_media_type_export.json": (4, 1, 2, 4, 4, 0),
    "labelme/labelme30_img1.xml": (1, 3, 1, 3, 7, 0),
    "labelme/labelme5.json": (1, 1, 1, 1, 1, 0),
    "labelme/od_2007_000027.json": (1, 1, 1, 1, 1, 0),
    "labelme/od_2007_000032.json": (1, 1, 1, 1, 4, 0),
    "mturk/constructed_batch_results.csv": (1, 1, 1, 1, 1, 0),
    "mturk/platform_amt1.csv": (9, 18, 1, 27, 27, 0),
    "mturk/platform_amt2.csv": (7, 17, 1, 63, 63, 0),
    "mturk/platform_amt3.csv": (5, 18, 1, 30, 30, 0),
    "mturk/platform_amt4.csv": (2, 11, 1, 16, 16, 0),
    "mturk/platform_amt5.csv": (6, 10, 1, 12, 12, 0),
    "preference/arena.jsonl": (1, 1, 1, 1, 1, 0),
    "preference/chosen_rejected.jsonl": (1, 1, 1, 1, 1, 0),
    "preference/pairwise_judges.jsonl": (2, 2, 1, 2, 2, 0),
    "preference/ratings.jsonl": (1, 1, 5, 1, 5, 0),
    "preference/trl.jsonl": (1, 1, 1, 1, 1, 0),
    "prodigy/constructed.jsonl": (2, 3, 3, 4, 3, 0),
    "prodigy/github_textcat_head.jsonl": (80, 1, 1, 80, 75, 0),
    "prodigy/news_ner_head.jsonl": (80, 1, 1, 80, 74, 0),
    "prodigy/reddit_product_ner_head.jsonl": (75, 1, 1, 80, 85, 0),
    "sagemaker_gt/custom_all_workers.json": (1, 2, 1, 2, 2, 0),
    "sagemaker_gt/output.manifest": (3, 3, 3, 3, 5, 0),
    "sagemaker_gt/worker-response.json": (1, 1, 1, 1, 1, 0),
    "toloka/assignments.tsv": (1, 1, 1, 1, 1, 0),
    "via/via2.json": (1, 1, 1, 1, 2, 0),
    "voc/full_2007_000001.xml": (1, 1, 2, 1, 3, 0),
    "voc/minimal_2007_000001.xml": (1, 1, 1, 1, 1, 0),
    "voc/od_2007_000027.xml": (1, 1, 1, 1, 1, 0),
    "voc/od_2007_000032.xml": (1, 1, 1, 1, 4, 0),
    "voc/od_2007_000033.xml": (1, 1, 1, 1, 3, 0),
    "voc/od_2007_000039.xml": (1, 1, 1, 1, 1, 0),
    "voc/od_2007_000042.xml": (1, 1, 1, 1, 2, 0),
    "voc/small_a.xml": (1, 1, 1, 1, 1, 0),
    "voc/small_b.xml": (1, 1, 1, 1, 1, 0),
    "voc/small_c.xml": (1, 1, 1, 1, 1, 0),
    "webanno_tsv/testSentenceWithTab.tsv": (1, 1, 1, 1, 1, 0),
    "webanno_tsv/testSimpleSlotFeature.tsv": (1, 1, 2, 1, 3, 0),
    "od_toy/det_coco.json": (10, 1, 1, 10, 12, 0),
    "od_toy/gt_coco.json": (10, 1, 1, 9, 12, 0),
    "od_toy/gt_voc_2007_000549.xml": (1, 1, 1, 1, 1, 0),
    "od_toy/gt_voc_2007_009346.xml": (1, 1, 1, 1, 2, 0),
    "brat": (1, 1, 6, 1, 13, 0),
    "yolo/darknet": (1, 1, 1, 1, 2, 0),
    "yolo/detect": (2, 1, 1, 2, 2, 0),
    "yolo/obb_1.txt": (1, 1, 1, 1, 1, 0),
    "yolo/pose_1.txt": (1, 1, 1, 1, 1, 0),
    "yolo/segment_1.txt": (1, 1, 1, 1, 2, 0),
}
TABLES = ("items", "annotators", "questions", "annotations", "labels", "predictions")

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the shared sample files are not beside this project")


@pytest.mark.parametrize("name", COUNTS)
def test_sample_opens_with_its_counts(name):
    labels = read(ROOT / name)
    assert tuple(labels.tables[table].num_rows for table in TABLES) == COUNTS[name]


NOT_READ = (
    "cvat/MOT_1_1.zip", "cvat/Segmentation_mask_1_1.zip", "cvat/api_job_annotations.json",
    "od_toy/dets_classid_abs_xywh_2007_000549.txt", "webanno_tsv/1sentenceNE.tsv", "webanno_tsv/kappatest.tsv",
)  # fmt: skip


@pytest.mark.parametrize("name", NOT_READ)
def test_what_is_not_read_is_refused_with_a_hint(name):
    with pytest.raises(RefusedInput) as refusal:
        read(ROOT / name)
    assert refusal.value.hint


def test_boxes_of_one_picture_agree_between_formats():
    """The same ground truth as Pascal VOC (pixels from 1) and COCO, which its authors converted without a shift."""
    coco, voc = read(ROOT / "od_toy/gt_coco.json"), read(ROOT / "od_toy/gt_voc_2007_000549.xml")
    names = dict(coco.items.select(["uri", "item_id"]).to_pandas().to_numpy())
    boxes = [row for row in coco.labels.to_pylist() if row["item_id"] == names["2007_000549.jpg"]]
    assert len(boxes) == voc.labels.num_rows == 1
    assert boxes[0]["x"] - voc.labels["x"][0].as_py() == 1


def test_both_exports_of_a_project_agree():
    full, least = read(ROOT / "label_studio/judgement.json"), read(ROOT / "label_studio/judgement_min.json")
    columns = ["item_id", "annotator_id", "question", "kind", "value", "value_num", "value_text"]
    rows = [sorted(map(str, one.frame("labels")[columns].astype(str).to_numpy().tolist())) for one in (full, least)]
    assert rows[0] == rows[1]


def test_label_studio_csv_is_a_long_table_once_mapped():
    with pytest.raises(RefusedInput, match="no column is recognised as label"):
        read(ROOT / "label_studio/judgement_export.csv")
    labels = read(ROOT / "label_studio/judgement_export.csv", mapping={"label": "safe"})
    assert labels.votes().counts.tolist() == [[2], [1]]
    assert labels.annotations["lead_time_s"].to_pylist() == [10.25, 7.25, 8.25]


def test_a_configuration_is_not_an_export():
    with pytest.raises(RefusedInput, match="no column is recognised"):
        read(ROOT / "label_studio/label_configs.json")
