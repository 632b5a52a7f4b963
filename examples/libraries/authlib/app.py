import os
import secrets
from urllib.parse import urlsplit

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, jsonify, redirect, session

ISSUER = os.environ["ISSUER"]
ORIGIN = os.environ["ORIGIN"]

app = Flask(__name__)
app.secret_key = os.environ["SESSION_SECRET"]
app.config.update(
    SESSION_COOKIE_HTTPONLY=True,
    SESSION_COOKIE_SAMESITE="Lax",
    SESSION_COOKIE_SECURE=ORIGIN.startswith("https:"),
)

# Flask's own session is a cookie that its browser can read: tokens stay here, by the session's id.
# An application with several processes keeps them in its database.
tokens = {}


def save(_name, token, refresh_token=None, access_token=None):
    tokens[session["id"]] = {**tokens[session["id"]], **token}


oauth = OAuth(app, update_token=save)
oauth.register(
    name="doorward",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
)


@app.get("/")
def home():
    return jsonify(session.get("person"))


@app.get("/sign-in")
def sign_in():
    return oauth.doorward.authorize_redirect(f"{ORIGIN}/callback")


@app.get("/callback")
def callback():
    try:
        token = oauth.doorward.authorize_access_token()
    except OAuthError as error:
        return jsonify(error=error.error, description=error.description), 400
    claims = token["userinfo"]  # of the ID token: signature, iss, aud, exp and nonce were checked
    session.clear()
    session["id"] = secrets.token_urlsafe()
    session["person"] = {"sub": claims["sub"], "email": claims.get("email")}
    tokens[session["id"]] = token
    return redirect("/")


@app.get("/userinfo")
def userinfo():
    # An access token that has ended is refreshed first, and `save` is told of the new ones.
    return jsonify(oauth.doorward.userinfo(token=tokens[session["id"]]))


@app.post("/refresh")
def refresh():
    oauth.doorward.userinfo(token={**tokens[session["id"]], "expires_at": 1})  # as if it had ended
    return redirect("/", 303)


@app.post("/sign-out")
def sign_out():
    token = tokens.pop(session.get("id"), None)
    session.clear()
    response = oauth.doorward.logout_redirect(f"{ORIGIN}/signed-out", id_token_hint=token and token["id_token"])
    response.status_code = 303
    return response


@app.get("/signed-out")
def signed_out():
    oauth.doorward.validate_logout_response()  # the state that went along
    return redirect("/")


if __name__ == "__main__":
    at = urlsplit(ORIGIN)
    app.run(at.hostname, at.port)
