import { openidClientOptions, type Snippet, type SnippetValues } from './snippet.ts'

/** Settings for applications with a server of their own. Not all libraries can sign with a key of the application. */
export function webSnippets(values: SnippetValues): Snippet[] {
  const everywhere = [
    { library: 'openid-client', language: 'Node.js', text: openidClient(values) },
    { library: 'openid-client/passport', language: 'Node.js', text: passport(values) },
  ]
  if (values.authMethod === 'private_key_jwt') return everywhere
  return [
    ...everywhere,
    { library: 'Auth.js', language: 'JavaScript', text: authJs(values) },
    { library: 'passport-openidconnect', language: 'Node.js', text: passportOpenIdConnect(values) },
    { library: 'Spring Boot', language: 'Java', text: springBoot(values) },
    { library: 'ASP.NET Core', language: 'C#', text: aspNet(values) },
    { library: 'Authlib', language: 'Python', text: authlib(values) },
    { library: 'coreos/go-oidc', language: 'Go', text: goOidc(values) },
    { library: 'oauth2-proxy', language: 'TOML', text: oauth2Proxy(values) },
  ]
}

// A secret is shown once, and never again: the texts say where it is read from.
const SECRET_NAME = 'CLIENT_SECRET'

function openidClientConfig(issuer: string, clientId: string, authMethod: SnippetValues['authMethod']): string {
  const values = [`new URL('${issuer}')`, `'${clientId}'`, 'undefined', proofOf(authMethod), openidClientOptions(issuer)]
  const lines = values.flatMap((value) => (value === null ? [] : `\n  ${value},`))
  return `const config = await client.discovery(${lines.join('')}\n)`
}

function openidClient({ issuer, clientId, redirectUri, scope, authMethod }: SnippetValues): string {
  return `import * as client from 'openid-client'

${openidClientConfig(issuer, clientId, authMethod)}

// To sign in: keep codeVerifier, state and nonce in the visitor's session, then send them to the address.
const codeVerifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const nonce = client.randomNonce()
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: '${redirectUri}',
  scope: '${scope}',
  code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})

// When they come back; currentUrl is the whole address that they came to.
const tokens = await client.authorizationCodeGrant(config, currentUrl, {
  pkceCodeVerifier: codeVerifier,
  expectedState: state,
  expectedNonce: nonce,
})
const person = tokens.claims()
`
}

function authJs({ issuer, clientId, redirectUri, scope, authMethod }: SnippetValues): string {
  const method = authMethod === 'client_secret_basic' ? '' : `\n      client: { token_endpoint_auth_method: '${authMethod}' },`
  return `// Auth.js comes back to /api/auth/callback/doorward (Next.js) or /auth/callback/doorward: register that address.
// Registered now: ${redirectUri}
import NextAuth from 'next-auth'

export const { handlers, auth, signIn, signOut } = NextAuth({
  providers: [
    {
      id: 'doorward',
      name: 'Doorward',
      type: 'oidc',
      issuer: '${issuer}',
      clientId: '${clientId}',
      clientSecret: process.env.${SECRET_NAME},
      checks: ['pkce', 'state', 'nonce'],
      authorization: { params: { scope: '${scope}' } },${method}
    },
  ],
})
`
}

function passport({ issuer, clientId, redirectUri, scope, authMethod }: SnippetValues): string {
  return `import * as client from 'openid-client'
import { Strategy } from 'openid-client/passport'
import passport from 'passport'

${openidClientConfig(issuer, clientId, authMethod)}

passport.use(
  'doorward',
  new Strategy(
    { config, callbackURL: '${redirectUri}', scope: '${scope}' },
    (tokens, done) => done(null, tokens.claims()),
  ),
)
`
}

// It knows neither PKCE nor the secret in a header.
function passportOpenIdConnect({ issuer, clientId, redirectUri, scope, pkce, authMethod }: SnippetValues): string {
  const needs = [
    ...(pkce ? ['require_pkce: false'] : []),
    ...(authMethod === 'client_secret_post' ? [] : ['token_endpoint_auth_method: client_secret_post']),
  ]
  const warning =
    needs.length === 0
      ? ''
      : `// This library knows no PKCE and sends the secret in the body. It needs a weaker registration:
//   ${needs.join('\n//   ')}
// Prefer openid-client/passport.
`
  return `${warning}import passport from 'passport'
import OpenIDConnectStrategy from 'passport-openidconnect'

passport.use(
  new OpenIDConnectStrategy(
    {
      issuer: '${issuer}',
      authorizationURL: '${issuer}/authorize',
      tokenURL: '${issuer}/token',
      userInfoURL: '${issuer}/userinfo',
      clientID: '${clientId}',
      clientSecret: process.env.${SECRET_NAME},
      callbackURL: '${redirectUri}',
      scope: [${withoutOpenid(scope)}],
      nonce: true,
    },
    (issuer, profile, done) => done(null, profile),
  ),
)
`
}

// It tells nobody why it refuses an ID token: "Invalid credentials" is all that is seen.
function springBoot({ issuer, clientId, redirectUri, scope, authMethod, signedBy }: SnippetValues): string {
  const needs =
    signedBy === 'RS256'
      ? ''
      : `# Spring Security takes ID tokens by RS256 alone: this application must be registered with
#   id_token_signed_response_alg: RS256
`
  return `${needs}# application.yaml; Spring's own address to come back to is {baseUrl}/login/oauth2/code/doorward
spring:
  security:
    oauth2:
      client:
        registration:
          doorward:
            client-id: ${clientId}
            client-secret: \${${SECRET_NAME}}
            client-authentication-method: ${authMethod}
            authorization-grant-type: authorization_code
            redirect-uri: ${redirectUri}
            scope: ${scope.split(' ').join(', ')}
        provider:
          doorward:
            issuer-uri: ${issuer}

# Spring Security before version 7 leaves PKCE out where there is a secret. Switch it on in the configuration:
#
#   @Bean
#   SecurityFilterChain web(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
#     var resolver = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
#     resolver.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
#     return http
#       .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
#       .oauth2Login(login -> login.authorizationEndpoint(endpoint -> endpoint.authorizationRequestResolver(resolver)))
#       .build();
#   }
`
}

function aspNet({ issuer, clientId, redirectUri, postLogoutUri, scope, authMethod }: SnippetValues): string {
  const needs =
    authMethod === 'client_secret_post'
      ? ''
      : `// ASP.NET Core sends the secret in the body: this application must be registered with
//   token_endpoint_auth_method: client_secret_post
`
  const signedOut = postLogoutUri === null ? '' : `\n        options.SignedOutCallbackPath = "${pathOf(postLogoutUri)}";`
  const scopes = scope.split(' ').map((one) => `        options.Scope.Add("${one}");`)
  return `${needs}// Package Microsoft.AspNetCore.Authentication.OpenIdConnect
builder.Services
    .AddAuthentication(options =>
    {
        options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
    })
    .AddCookie()
    .AddOpenIdConnect(options =>
    {
        options.Authority = "${issuer}";
        options.ClientId = "${clientId}";
        options.ClientSecret = builder.Configuration["${SECRET_NAME}"];
        options.ResponseType = "code";
        options.ResponseMode = "query";
        options.UsePkce = true;
        options.CallbackPath = "${pathOf(redirectUri)}";${signedOut}
        options.MapInboundClaims = false;
        options.GetClaimsFromUserInfoEndpoint = true;
        options.SaveTokens = true;
        options.Scope.Clear();
${scopes.join('\n')}
    });
`
}

function authlib({ issuer, clientId, redirectUri, scope, authMethod }: SnippetValues): string {
  return `# Flask; with FastAPI or Django only the import differs.
import os
from authlib.integrations.flask_client import OAuth

oauth = OAuth(app)
oauth.register(
    name="doorward",
    client_id="${clientId}",
    client_secret=os.environ["${SECRET_NAME}"],
    server_metadata_url="${issuer}/.well-known/openid-configuration",
    client_kwargs={
        "scope": "${scope}",
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": "${authMethod}",
    },
)

# To sign in:          return oauth.doorward.authorize_redirect("${redirectUri}")
# When they come back: person = oauth.doorward.authorize_access_token()["userinfo"]
`
}

function goOidc({ issuer, clientId, redirectUri, scope, authMethod }: SnippetValues): string {
  const style = authMethod === 'client_secret_post' ? 'AuthStyleInParams' : 'AuthStyleInHeader'
  const scopes = scope.split(' ').map((one) => `"${one}"`)
  return `// import "github.com/coreos/go-oidc/v3/oidc" and "golang.org/x/oauth2"
provider, err := oidc.NewProvider(ctx, "${issuer}")
if err != nil {
	return err
}
endpoint := provider.Endpoint()
endpoint.AuthStyle = oauth2.${style}
config := oauth2.Config{
	ClientID:     "${clientId}",
	ClientSecret: os.Getenv("${SECRET_NAME}"),
	Endpoint:     endpoint,
	RedirectURL:  "${redirectUri}",
	Scopes:       []string{${scopes.join(', ')}},
}

// To sign in: keep state, nonce and pkce in the visitor's session, then send them to the address.
pkce := oauth2.GenerateVerifier()
address := config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(pkce))

// When they come back, once state was compared:
token, err := config.Exchange(ctx, code, oauth2.VerifierOption(pkce))
if err != nil {
	return err
}
rawIDToken, _ := token.Extra("id_token").(string)
idToken, err := provider.Verifier(&oidc.Config{ClientID: "${clientId}"}).Verify(ctx, rawIDToken)
if err != nil {
	return err
}
if idToken.Nonce != nonce {
	return errors.New("the nonce is another one")
}
`
}

function oauth2Proxy({ issuer, clientId, redirectUri, scope, pkce }: SnippetValues): string {
  const method = pkce ? '\ncode_challenge_method = "S256"' : ''
  return `# oauth2-proxy comes back to /oauth2/callback: register that address. Registered now: ${redirectUri}
provider = "oidc"
oidc_issuer_url = "${issuer}"
client_id = "${clientId}"
client_secret_file = "/run/secrets/${SECRET_NAME}"
redirect_url = "${redirectUri}"
scope = "${scope}"${method}
email_domains = ["*"]
cookie_secret = "COOKIE_SECRET" # put in the output of: openssl rand -base64 32 | tr -- '+/' '-_'
upstreams = ["http://127.0.0.1:8080"]
`
}

function proofOf(method: SnippetValues['authMethod']): string {
  if (method === 'private_key_jwt') return 'client.PrivateKeyJwt(privateKey)'
  const name = method === 'client_secret_post' ? 'ClientSecretPost' : 'ClientSecretBasic'
  return `client.${name}(process.env.${SECRET_NAME})`
}

function pathOf(uri: string): string {
  return URL.parse(uri)?.pathname ?? '/'
}

function withoutOpenid(scope: string): string {
  const others = scope.split(' ').filter((one) => one !== 'openid')
  return others.map((one) => `'${one}'`).join(', ')
}
