import ssl
import subprocess
import time
from pathlib import Path

import pytest

from hyperhive.system.certificates import expiry

DAY = 86_400


def make(directory: Path, days: int = 30) -> tuple[Path, Path]:
    certificate, key, request = (directory / name for name in ("cert.pem", "key.pem", "request.pem"))
    (directory / "extensions").write_text(
        "subjectAltName=DNS:hive.example\nbasicConstraints=critical,CA:FALSE\n"
    )
    for command in (
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=hive.example", "-keyout", key, "-out", request],
        ["x509", "-req", "-in", request, "-signkey", key, "-days", str(days),
         "-extfile", directory / "extensions", "-out", certificate],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    return certificate, key


def test_a_certificate_says_when_it_ends(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    assert expiry(certificate, key, "hive.example") == pytest.approx(time.time() + 30 * DAY, abs=DAY)


def test_another_name_is_refused(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        expiry(certificate, key, "other.example")


def test_a_certificate_that_has_ended_is_refused(tmp_path: Path) -> None:
    certificate, key = make(tmp_path, days=-1)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        expiry(certificate, key, "hive.example")


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    certificate, _ = make(tmp_path)
    _, key = make(tmp_path / "other")
    with pytest.raises(ssl.SSLError):
        expiry(certificate, key, "hive.example")
