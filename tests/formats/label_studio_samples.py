"""Constructed Label Studio exports in the shapes that the editor and the server write."""


def result(kind, value, name="q", rid="r1", **more):
    return {"id": rid, "from_name": name, "to_name": "text", "type": kind, "value": value, "origin": "manual"} | more


def annotation(results, native=7, by=1, **more):
    plain = {
        "id": native,
        "completed_by": by,
        "result": results,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-01-05T10:00:00.123456Z",
        "updated_at": "2026-01-05T10:01:00Z",
        "lead_time": 4.5,
        "unique_id": f"u{native}",
        "project": 3,
        "updated_by": None,
        "parent_prediction": None,
        "parent_annotation": None,
    }
    return plain | more


def task(annotations, native=1, data=None, **more):
    return {"id": native, "data": data or {"text": "Ada Park joined 😊 Northwind."}, "annotations": annotations} | more


IMAGE = {"original_width": 600, "original_height": 400, "image_rotation": 0}


def image(kind, value, **more):
    return result(kind, value, **(IMAGE | more))


MIN = [
    {
        "prompt": "What is 2+2?", "id": 6, "safe": "safe", "topics": {"choices": ["math", "chat"]},
        "stars": [{"rating": 4}], "why": {"text": ["because", "second line"]}, "pw": [{"selected": "left"}],
        "tax": [{"taxonomy": [["Animal", "Cat"], ["Plant"]]}],
        "box": [{"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0, "rectanglelabels": ["cat"],
                 "original_width": 100, "original_height": 50}],
        "annotator": 1, "annotation_id": 11, "created_at": "2026-11-23T06:58:53.983789Z",
        "updated_at": "2026-11-23T06:58:53.983818Z", "lead_time": 7.25,
    },
    {
        "prompt": "What is 2+2?", "id": 6, "safe": "unsafe", "topics": "chat", "stars": [{"rating": 3}], "why": "ok",
        "annotator": "b@example.com", "annotation_id": 12, "created_at": "2026-11-23T06:58:53.983916Z",
        "updated_at": "2026-11-23T06:58:53.983927Z", "lead_time": 10.25,
    },
]  # fmt: skip
