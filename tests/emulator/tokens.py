"""An issuer of tokens, with its keys and its discovery document on the loopback interface."""

import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

from ports import free_port

AUDIENCE = "gateway"
CLIENT = "mobile"
KEY_ID = "k1"


class Issuer:
    """Serves one key, and signs with it."""

    def __init__(self):
        self._key = _new_key()
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def token(self, subject, *, key=None, **claims):
        """A token that is good for five minutes, but for what `claims` changes; None leaves a claim out."""
        return jwt.encode(self._claims(subject, claims), key or self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def strangers_token(self, subject):
        """One that somebody else signed, in this issuer's name."""
        return self.token(subject, key=_new_key())

    def unsigned_token(self, subject):
        """One whose header says that it needs no signature."""
        return self._by_hand({"alg": "none", "typ": "JWT", "kid": KEY_ID}, subject, lambda _: b"")

    def forged_token(self, subject):
        """One signed with the public key, as if that were a shared secret."""
        secret = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return self._by_hand({"alg": "HS256", "typ": "JWT", "kid": KEY_ID}, subject, lambda content: hmac.digest(secret, content, "sha256"))

    def _by_hand(self, header, subject, sign):
        # The library makes no such tokens.
        content = b".".join(base64url_encode(json.dumps(part).encode()) for part in (header, self._claims(subject, {})))
        return b".".join([content, base64url_encode(sign(content))]).decode()

    def _claims(self, subject, changes):
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300} | changes
        return {name: value for name, value in claims.items() if value is not None}

    def key_set(self):
        key = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [key | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]}

    def documents(self):
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": self.key_set(),
        }


def _new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _handler(issuer):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            document = issuer.documents().get(self.path)
            self.send_response(200 if document else 404)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_):
            pass

    return Handler
