"""Annotated pictures and videos as XML or JSON: Pascal VOC, CVAT, LabelMe, VIA, and COCO's panoptic masks."""
