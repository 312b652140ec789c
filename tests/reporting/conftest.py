from __future__ import annotations

import audit_records
import pytest

from annoaudit.reporting.record import AuditRecord


@pytest.fixture(scope="session")
def record() -> AuditRecord:
    return audit_records.realistic()
