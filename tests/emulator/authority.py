"""A certificate authority for one run: who trusts it may speak TLS to hosts that this machine stands in for."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FROM, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Whatever the clock of a test says, TLS goes by the machine's."""


@dataclass(frozen=True)
class Certificate:
    """Files in PEM; the certificate's own authority is the certificate to trust."""

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """Made anew, with files below `home`; its key is never written."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "One run of the tests")])
        own = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self.bundle = home / "authority.pem"
        """What to trust."""
        self.bundle.write_bytes(_pem(own.sign(self._key, hashes.SHA256())))

    def certificate(self, name: str, *hosts: str) -> Certificate:
        """For a server that answers under all of these names or addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        named = self._builder(subject, key).add_extension(x509.SubjectAlternativeName([_as(h) for h in hosts]), False)
        made = Certificate(self._home / f"{name}.pem", self._home / f"{name}.key")
        made.certificate.write_bytes(_pem(named.sign(self._key, hashes.SHA256())))
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        made.key.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
        return made

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        builder = builder.not_valid_before(FROM).not_valid_after(UNTIL)
        return builder.public_key(key.public_key()).serial_number(x509.random_serial_number())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _as(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
