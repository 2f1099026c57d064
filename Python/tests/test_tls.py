"""Servers behind TLS: whom a client believes, and what it shows of itself."""
import asyncio
import shutil
import ssl
import subprocess

import pytest

import callpath

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificates with openssl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A certificate of localhost, one of a client, and one of a stranger, each its own authority."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("localhost", "client", "stranger"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{name}.key",
             "-out", f"{name}.pem"],
            cwd=folder, check=True, capture_output=True,
        )
    (folder / "both.pem").write_text((folder / "client.pem").read_text() + (folder / "client.key").read_text())
    return folder


def serve(folder, *more):
    words = ["--tls-certificate", folder / "localhost.pem", "--tls-key", folder / "localhost.key", *more]
    return callpath.serve(arguments=list(map(str, words)))


async def names(url, **how):
    async with callpath.aio.Client(url, **how) as client:
        return await client.names()


def test_a_server_is_believed_whose_authority_is_given(folder):
    with serve(folder) as server:
        assert server.url.startswith("https://")
        for how in ({"verify": str(folder / "localhost.pem")}, {"verify": False}):
            client = callpath.Client(server.url, **how)
            same = client.create(None, {"type": "Identity"})
            assert same([1.0, 2.0]).tolist() == [1, 2]
            assert asyncio.run(names(server.url, **how)) == client.names()
            same.delete()


@pytest.mark.parametrize("verify", [True, "stranger.pem"])
def test_a_server_is_not_believed_otherwise(folder, verify):
    how = {"verify": verify if verify is True else str(folder / verify)}
    with serve(folder) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
            callpath.Client(server.url, **how).names()
        with pytest.raises(OSError, match="certificate verify failed"):
            asyncio.run(names(server.url, **how))


def test_a_client_shows_its_certificate(folder):
    believed = {"verify": str(folder / "localhost.pem")}
    with serve(folder, "--tls-client-auth", "required", "--tls-client-ca", folder / "client.pem") as server:
        for certificate in (str(folder / "both.pem"), (str(folder / "client.pem"), str(folder / "client.key"))):
            assert callpath.Client(server.url, certificate=certificate, **believed).names() == []
            assert asyncio.run(names(server.url, certificate=certificate, **believed)) == []
        for certificate in (None, (str(folder / "stranger.pem"), str(folder / "stranger.key"))):
            with pytest.raises(OSError):
                callpath.Client(server.url, certificate=certificate, **believed).names()


def test_plain_http_to_such_a_port_is_one_clear_error(folder):
    with serve(folder) as server:
        with pytest.raises((callpath.CallpathError, OSError)) as failure:
            callpath.Client(server.url.replace("https", "http")).names()
        assert "\n" not in str(failure.value)


@pytest.mark.parametrize("certificate", ["/nosuch.pem", ("/nosuch.pem", "/nosuch.key")])
def test_a_certificate_that_is_missing_is_an_oserror(certificate):
    with pytest.raises(OSError):
        callpath.Client("https://localhost", certificate=certificate)
