"""A WHIP or WHEP session over plain HTTP (RFC 9725, draft-ietf-wish-whep-04)."""

import http.client
import urllib.parse


class HttpSession:
    def __init__(self, url, token=None):
        self.base = urllib.parse.urlsplit(url)
        self.token = token
        self.location = None
        self.tag = None

    def request(self, method, path, body=None, headers=None):
        """Answers status, headers and body; a new connection each time, as most clients do."""
        connection = http.client.HTTPConnection(self.base.hostname, self.base.port, timeout=10)
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, response.headers, text

    def post(self, offer):
        """Answers the SDP answer; raises when the server refuses."""
        status, headers, body = self.request(
            "POST", self.base.path, offer, {"Content-Type": "application/sdp"})
        if status != 201:
            raise RuntimeError(f"POST {self.base.path}: {status} {body}")
        self.location = urllib.parse.urljoin(self.base.path, headers["Location"])
        self.tag = headers["ETag"]
        return body

    def trickle(self, ufrag, password, mid, candidates):
        lines = [f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{password}",
                 "m=audio 9 UDP/TLS/RTP/SAVPF 0", f"a=mid:{mid}"]
        lines += ["a=" + candidate for candidate in candidates] + ["a=end-of-candidates"]
        status, headers, body = self.request(
            "PATCH", self.location, "\r\n".join(lines) + "\r\n",
            {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": self.tag})
        if status != 204:
            raise RuntimeError(f"PATCH {self.location}: {status} {body}")

    def delete(self):
        status, _, body = self.request("DELETE", self.location)
        if status != 200:
            raise RuntimeError(f"DELETE {self.location}: {status} {body}")
