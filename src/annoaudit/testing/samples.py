"""A small file of each format, for the compliance suite and for tests that mutate them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["SAMPLES"]


def _zip(**files: bytes) -> bytes:
    """A zip archive that is the same every time; ``__`` in a name stands for its dot."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name.replace("__", ".")), content)
    return data.getvalue()


def _parquet() -> bytes:
    """Two rows with a class label, as Hugging Face writes them."""
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
    }
    table = pa.table({"text": ["Good.", "Bad."], "label": pa.array([1, -1], pa.int64())})
    stated = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(stated), sink)
    return bytes(sink.getvalue())


SAMPLES: Mapping[str, tuple[str, bytes]] = {
    "brat": (
        ".zip",
        _zip(a__ann=b"T1\tOrg 0 4\tAcme\nT2\tLoc 8 13\tCairo\nR1\tIn Arg1:T1 Arg2:T2\n", a__txt=b"Acme in Cairo"),
    ),
    "argilla": (
        ".json",
        b'[{"id": "r1", "external_id": "i1", "fields": {"text": "Ada met Bob."}, "responses": [{"user_id": "u1", '
        b'"status": "submitted", "values": {"mood": {"value": "pos"}}, "inserted_at": "2026-11-23T05:46:56Z"}]}]',
    ),
    "hugging_face": (".parquet", _parquet()),
    "coco": (
        ".json",
        b'{"images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}, {"id": 2, "file_name": "b.jpg"}], '
        b'"annotations": [{"id": 5, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3.5, 4], "iscrowd": 0}], '
        b'"categories": [{"id": 7, "name": "cat"}]}',
    ),
    "coco_panoptic": (
        ".json",
        b'{"images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 2}], "annotations": [{"image_id": 1, '
        b'"file_name": "a.png", "segments_info": [{"id": 7, "category_id": 3, "area": 2, "bbox": [0, 0, 1, 2], '
        b'"iscrowd": 0}]}], "categories": [{"id": 3, "name": "sky", "isthing": 0}]}',
    ),
    "conll": (".conll", b"-DOCSTART- -X- O O\n\nAda NNP I-NP I-PER\nlives VBZ I-VP O\n\nYes UH O O\n"),
    "doccano": (
        ".jsonl",
        b'{"id": 1, "text": "Ada met.", "entities": [{"id": 4, "label": "PER", "start_offset": 0, "end_offset": 3}], '
        b'"relations": [], "Comments": []}\n{"id": 2, "text": "Yes.", "entities": [], "relations": [], "Comments": []}',
    ),
    "labelbox": (
        ".ndjson",
        b'{"data_row": {"id": "r1", "row_data": "Good."}, "projects": {"p1": {"labels": [{"id": "l1", "label_details": '
        b'{"created_at": "2026-04-08T16:21:26.000+00:00", "created_by": "ann"}, "performance_details": '
        b'{"seconds_to_create": 7}, "annotations": {"objects": [], "classifications": [{"feature_id": "f1", "name": '
        b'"mood", "radio_answer": {"name": "happy"}}]}}]}}}\n',
    ),
    "label_studio": (
        ".json",
        b'[{"id": 1, "data": {"text": "Good."}, "annotations": [{"id": 7, "completed_by": 2, "result": [{"id": "r", '
        b'"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["happy"]}}], '
        b'"created_at": "2026-01-05T10:00:00Z", "lead_time": 3.5, "project": 4}]}]',
    ),
    "long_table": (".csv", b"item,annotator,label\n1,alice,pos\n1,bob,neg\n2,alice,pos\n"),
    "cvat": (
        ".xml",
        b'<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><task><id>2</id></task></meta>'
        b'<image id="0" name="a.jpg" width="64" height="48"><box label="cat" source="manual" occluded="0" xtl="1.00" '
        b'ytl="2.00" xbr="30.00" ybr="40.00" z_order="0"></box></image></annotations>',
    ),
    "mturk": (
        ".csv",
        b"HITId,AssignmentId,WorkerId,AssignmentStatus,AcceptTime,SubmitTime,WorkTimeInSeconds,Input.text,Answer.mood\n"
        b"h1,a1,w1,Approved,Mon Nov 09 20:17:01 PST 2020,Mon Nov 09 20:17:09 PST 2020,8,Good.,pos\n"
        b"h1,a2,w2,Rejected,Mon Nov 09 20:18:01 PST 2020,Mon Nov 09 20:18:05 PST 2020,4,Good.,neg\n",
    ),
    "toloka": (
        ".tsv",
        b"INPUT:text\tOUTPUT:mood\tGOLDEN:mood\tASSIGNMENT:task_id\tASSIGNMENT:assignment_id\tASSIGNMENT:worker_id\t"
        b"ASSIGNMENT:status\tASSIGNMENT:started\tASSIGNMENT:submitted\n"
        b"Good.\tpos\tpos\tt1\ta1\tw1\tAPPROVED\t2021-05-13T07:02:11.123\t2021-05-13T07:02:31.456\n",
    ),
    "conllu": (
        ".conllu",
        b"# sent_id = s1\n# text = I can't\n1\tI\tI\tPRON\t_\t_\t2\tnsubj\t_\t_\n"
        b"2-3\tcan't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n2\tca\tcan\tAUX\t_\t_\t0\troot\t_\t_\n3\tn't\tnot\tPART\t_\t_\t2\tadvmod\t_\t_\n",
    ),
    "labelme": (
        ".json",
        b'{"version": "5.5.0", "flags": {}, "shapes": [{"label": "cat", "points": [[40, 60], [10, 20]], "shape_type": '
        b'"rectangle", "flags": {}}], "imagePath": "a.jpg", "imageData": null, "imageHeight": 480, "imageWidth": 640}',
    ),
    "via": (
        ".json",
        b'{"_via_img_metadata": {"a.jpg12": {"filename": "a.jpg", "size": 12, "regions": [{"shape_attributes": '
        b'{"name": "rect", "x": 10, "y": 20, "width": 30, "height": 40}, "region_attributes": {"type": "cat"}}]}}}',
    ),
    "webanno_tsv": (
        ".tsv",
        b"#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.Ner|value\n#T_RL=webanno.custom.Rel|kind|BT_custom.Ner\n\n\n"
        b"#Text=Ada met Bob\n1-1\t0-3\tAda\tPER\t_\t_\t\n1-2\t4-7\tmet\t_\t_\t_\t\n1-3\t8-11\tBob\tPER\tmet\t1-1\t\n",
    ),
    "sagemaker": (
        ".manifest",
        b'{"source-ref": "s3://bucket/a.png", "sport": 0, "sport-metadata": {"class-name": "football", "confidence": '
        b'0.9, "job-name": "labeling-job/j", "human-annotated": "yes", "creation-date": "2026-01-18T22:18:13Z"}}\n',
    ),
    "pascal_voc": (
        ".xml",
        b"<annotation><filename>a.jpg</filename><size><width>20</width><height>10</height></size><object><name>cat"
        b"</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>",
    ),
    "yolo": (".txt", b"0 0.5 0.5 0.25 0.4\n1 0.2 0.3 0.1 0.2\n"),
    "rankings": (
        ".jsonl",
        b'{"item_id": 7, "candidates": ["x", "y", "z"], "ranking": [["y"], ["x", "z"]], "judge": "ann"}\n'
        b'{"item_id": 7, "candidates": ["x", "y", "z"], "ranking": ["z", "y"], "judge": "bob"}\n',
    ),
    "preference": (
        ".jsonl",
        b'{"question_id": 81, "model_a": "m1", "model_b": "m2", "winner": "model_a", "judge": "ann", "turn": 1}\n'
        b'{"question_id": 81, "model_a": "m1", "model_b": "m2", "winner": "tie", "judge": "bob", "turn": 1}\n',
    ),
    "prodigy": (
        ".jsonl",
        b'{"text": "It works", "options": [{"id": "POS"}, {"id": "NEG"}], "accept": ["POS"], "answer": "accept", '
        b'"_input_hash": 1, "_task_hash": 2, "_annotator_id": "sent-ann", "_timestamp": 1707211060}\n'
        b'{"text": "It works", "spans": [{"start": 0, "end": 2, "label": "X"}], "tokens": [], "answer": "ignore", '
        b'"_input_hash": 1, "_task_hash": 3, "_annotator_id": "sent-bob", "_timestamp": 1707211071}\n',
    ),
    "wide_table": (".csv", b"item,alice,bob,carol\n1,pos,neg,\n2,pos,pos,pos\n"),
}
"""A small file of each format that annoaudit brings: its ending and its bytes."""
