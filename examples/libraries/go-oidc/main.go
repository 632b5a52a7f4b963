package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// What the cookie of one browser stands for. Kept in memory here; an application keeps it in its database.
type session struct {
	State, Nonce, Verifier string // of a sign-in that is under way
	Claims                 *claims
	IDToken                string
	Token                  *oauth2.Token
}

type claims struct {
	Subject   string `json:"sub"`
	Email     string `json:"email,omitempty"`
	SessionID string `json:"sid,omitempty"`
}

type app struct {
	origin, endSession string
	provider           *oidc.Provider
	verifier           *oidc.IDTokenVerifier
	config             oauth2.Config
	mutex              sync.Mutex
	sessions           map[string]session
}

func main() {
	ctx := context.Background()
	issuer, origin, clientID := os.Getenv("ISSUER"), os.Getenv("ORIGIN"), os.Getenv("CLIENT_ID")
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		log.Fatal(err)
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		log.Fatal(err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // otherwise a wrong secret is tried twice, in two ways
	a := &app{
		origin:     origin,
		endSession: more.EndSession,
		provider:   provider,
		verifier:   provider.Verifier(&oidc.Config{ClientID: clientID}),
		config: oauth2.Config{
			ClientID:     clientID,
			ClientSecret: os.Getenv("CLIENT_SECRET"),
			Endpoint:     endpoint,
			RedirectURL:  origin + "/callback",
			Scopes:       []string{oidc.ScopeOpenID, "email", "profile"},
		},
		sessions: map[string]session{},
	}
	http.HandleFunc("GET /{$}", a.home)
	http.HandleFunc("GET /sign-in", a.signIn)
	http.HandleFunc("GET /callback", a.callback)
	http.HandleFunc("GET /userinfo", a.userinfo)
	http.HandleFunc("POST /refresh", a.refresh)
	http.HandleFunc("POST /sign-out", a.signOut)
	http.HandleFunc("POST /backchannel-logout", a.toldLogout)
	log.Fatal(http.ListenAndServe(strings.SplitN(origin, "//", 2)[1], nil))
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	_, s := a.sessionOf(r)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s.Claims)
}

func (a *app) signIn(w http.ResponseWriter, r *http.Request) {
	s := session{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	a.begin(w, s)
	http.Redirect(w, r, a.config.AuthCodeURL(s.State, oidc.Nonce(s.Nonce), oauth2.S256ChallengeOption(s.Verifier)), http.StatusSeeOther)
}

func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	id, s := a.sessionOf(r)
	if s.State == "" || r.FormValue("state") != s.State {
		http.Error(w, "This sign-in did not begin in this browser.", http.StatusBadRequest)
		return
	}
	a.end(id) // state, nonce and verifier work once
	if r.FormValue("error") != "" {
		http.Error(w, r.FormValue("error")+": "+r.FormValue("error_description"), http.StatusBadRequest)
		return
	}
	token, err := a.config.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(s.Verifier))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := a.verifier.Verify(r.Context(), raw)
	if err != nil || idToken.Nonce != s.Nonce { // the library leaves the nonce to the application
		http.Error(w, "The ID token is not for this sign-in.", http.StatusBadGateway)
		return
	}
	var who claims
	if err := idToken.Claims(&who); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	a.begin(w, session{Claims: &who, IDToken: raw, Token: token}) // a new cookie: nobody can have planted it
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) userinfo(w http.ResponseWriter, r *http.Request) {
	_, s := a.sessionOf(r)
	if s.Token == nil {
		http.Error(w, "Nobody is signed in.", http.StatusUnauthorized)
		return
	}
	info, err := a.provider.UserInfo(r.Context(), oauth2.StaticTokenSource(s.Token))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(info)
}

// A refresh token works once. The lock keeps two requests of one session from using it both.
func (a *app) refresh(w http.ResponseWriter, r *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	id := idOf(r)
	s := a.sessions[id]
	if s.Token == nil {
		http.Error(w, "Nobody is signed in.", http.StatusUnauthorized)
		return
	}
	token, err := a.config.TokenSource(r.Context(), &oauth2.Token{RefreshToken: s.Token.RefreshToken}).Token()
	if err != nil {
		delete(a.sessions, id) // invalid_grant: the session has ended at the provider
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	s.Token = token
	a.sessions[id] = s
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) signOut(w http.ResponseWriter, r *http.Request) {
	id, s := a.sessionOf(r)
	a.end(id)
	query := url.Values{"client_id": {a.config.ClientID}, "post_logout_redirect_uri": {a.origin + "/"}}
	if s.IDToken != "" {
		query.Set("id_token_hint", s.IDToken)
	}
	http.Redirect(w, r, a.endSession+"?"+query.Encode(), http.StatusSeeOther)
}

// The provider tells that a session has ended: no browser is there, and no cookie.
func (a *app) toldLogout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 20_000)
	token, err := a.verifier.VerifyLogout(r.Context(), r.PostFormValue("logout_token"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	for id, s := range a.sessions {
		if s.Claims != nil && s.Claims.SessionID == token.SessionID {
			delete(a.sessions, id)
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *app) begin(w http.ResponseWriter, s session) {
	id := rand.Text()
	a.mutex.Lock()
	a.sessions[id] = s
	a.mutex.Unlock()
	secure := strings.HasPrefix(a.origin, "https:")
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode})
}

func (a *app) sessionOf(r *http.Request) (string, session) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	id := idOf(r)
	return id, a.sessions[id]
}

func (a *app) end(id string) {
	a.mutex.Lock()
	delete(a.sessions, id)
	a.mutex.Unlock()
}

func idOf(r *http.Request) string {
	cookie, err := r.Cookie("session")
	if err != nil {
		return ""
	}
	return cookie.Value
}
