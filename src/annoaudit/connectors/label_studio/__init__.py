"""Label Studio, both ways.

What pulled tables hold beyond the canonical columns, for whoever pushes (see :mod:`.natives`, which reads it):

- ``annotations.meta_json``: JSON object; its ``native_result`` is the annotation's ``result`` as Label Studio wrote
  it (missing where it is empty). ``annotations.native_id`` is Label Studio's id, ``annotations.origin_hash`` the
  hash of the result (``natives.hash_result``), ``annotations.native_url`` the address of the task.
- ``annotations.annotation_id`` = project, id and created_at, joined by ``-``.
- ``items.item_id`` = task id; ``items.meta_json`` = the task's ``data`` as it is stored, storage addresses
  unresolved; the task's ``meta`` is its ``_meta``. ``natives.resolve_addresses`` turns storage addresses into the
  server's own, which other projects of that server can show.
- ``questions.native_json``: what the label config says about the control.

:class:`LabelStudio` (``LabelStudio.of(address)``) offers ``client`` (:class:`.client.Client`: ``get``, ``send``,
``download``, ``sdk``), ``address`` and ``project()``, the project as the server describes it now.
"""

from annoaudit.connectors.label_studio.connector import LabelStudio

__all__ = ["LabelStudio"]
