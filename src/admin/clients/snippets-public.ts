import { openidClientOptions, type Snippet, type SnippetValues } from './snippet.ts'

/** Settings for applications that run in the browser alone. */
export function spaSnippets(values: SnippetValues): Snippet[] {
  return [
    { library: 'oidc-client-ts', language: 'JavaScript', text: oidcClientTs(values) },
    { library: 'react-oidc-context', language: 'React', text: reactOidcContext(values) },
    { library: 'angular-auth-oidc-client', language: 'Angular', text: angular(values) },
    { library: 'oauth4webapi', language: 'JavaScript', text: oauth4webapi(values) },
  ]
}

/** Settings for apps that are installed. */
export function nativeSnippets(values: SnippetValues): Snippet[] {
  return [
    { library: 'AppAuth-iOS', language: 'Swift', text: appAuthIos(values) },
    { library: 'AppAuth-Android', language: 'Kotlin', text: appAuthAndroid(values) },
    { library: 'flutter_appauth', language: 'Dart', text: flutter(values) },
    { library: 'openid-client', language: 'Node.js', text: nodeApp(values) },
  ]
}

function oidcClientTs({ issuer, clientId, redirectUri, postLogoutUri, scope }: SnippetValues): string {
  const signedOut = postLogoutUri === null ? '' : `\n  post_logout_redirect_uri: '${postLogoutUri}',`
  return `import { UserManager } from 'oidc-client-ts'

const users = new UserManager({
  authority: '${issuer}',
  client_id: '${clientId}',
  redirect_uri: '${redirectUri}',${signedOut}
  response_type: 'code',
  scope: '${scope}',
  loadUserInfo: true,
})

// To sign in:              await users.signinRedirect()
// At the address above:    const user = await users.signinRedirectCallback()
// To sign out:             await users.signoutRedirect()
`
}

function reactOidcContext({ issuer, clientId, redirectUri, scope }: SnippetValues): string {
  return `import { AuthProvider } from 'react-oidc-context'

const settings = {
  authority: '${issuer}',
  client_id: '${clientId}',
  redirect_uri: '${redirectUri}',
  scope: '${scope}',
  onSigninCallback: () => window.history.replaceState({}, document.title, window.location.pathname),
}

export const Root = () => (
  <AuthProvider {...settings}>
    <App />
  </AuthProvider>
)
`
}

function angular({ issuer, clientId, redirectUri, postLogoutUri, scope, refresh }: SnippetValues): string {
  const signedOut = postLogoutUri === null ? '' : `\n    postLogoutRedirectUri: '${postLogoutUri}',`
  return `import { provideAuth } from 'angular-auth-oidc-client'

export const auth = provideAuth({
  config: {
    authority: '${issuer}',
    clientId: '${clientId}',
    redirectUrl: '${redirectUri}',${signedOut}
    responseType: 'code',
    scope: '${scope}',
    silentRenew: ${refresh},
    useRefreshToken: ${refresh},
  },
})
`
}

function oauth4webapi({ issuer, clientId, redirectUri, scope }: SnippetValues): string {
  return `import * as oauth from 'oauth4webapi'

const issuer = new URL('${issuer}')
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer))
const client = { client_id: '${clientId}' }

// To sign in: keep codeVerifier and state in sessionStorage.
const codeVerifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const address = new URL(server.authorization_endpoint)
address.search = new URLSearchParams({
  client_id: '${clientId}',
  redirect_uri: '${redirectUri}',
  response_type: 'code',
  scope: '${scope}',
  code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
  code_challenge_method: 'S256',
  state,
}).toString()

// At the address above:
const answer = oauth.validateAuthResponse(server, client, new URL(location.href), state)
const response = await oauth.authorizationCodeGrantRequest(
  server, client, oauth.None(), answer, '${redirectUri}', codeVerifier)
const tokens = await oauth.processAuthorizationCodeResponse(server, client, response)
`
}

function appAuthIos({ issuer, clientId, redirectUri, scope }: SnippetValues): string {
  const scopes = scope.split(' ').map((one) => `"${one}"`)
  return `import AppAuth

OIDAuthorizationService.discoverConfiguration(forIssuer: URL(string: "${issuer}")!) { configuration, error in
  guard let configuration else { return }
  let request = OIDAuthorizationRequest(
    configuration: configuration,
    clientId: "${clientId}",
    clientSecret: nil,
    scopes: [${scopes.join(', ')}],
    redirectURL: URL(string: "${redirectUri}")!,
    responseType: OIDResponseTypeCode,
    additionalParameters: nil)
  flow = OIDAuthState.authState(byPresenting: request, presenting: viewController) { state, error in
    // state?.lastTokenResponse?.idToken
  }
}
`
}

function appAuthAndroid({ issuer, clientId, redirectUri, scope }: SnippetValues): string {
  const scopes = scope.split(' ').map((one) => `"${one}"`)
  return `// build.gradle: manifestPlaceholders["appAuthRedirectScheme"] = "${redirectUri.split(':')[0]}"
AuthorizationServiceConfiguration.fetchFromIssuer(Uri.parse("${issuer}")) { configuration, error ->
  if (configuration == null) return@fetchFromIssuer
  val request = AuthorizationRequest.Builder(
    configuration,
    "${clientId}",
    ResponseTypeValues.CODE,
    Uri.parse("${redirectUri}"),
  ).setScopes(${scopes.join(', ')}).build()
  startActivityForResult(AuthorizationService(this).getAuthorizationRequestIntent(request), 1)
}
`
}

function flutter({ issuer, clientId, redirectUri, scope }: SnippetValues): string {
  const scopes = scope.split(' ').map((one) => `'${one}'`)
  return `import 'package:flutter_appauth/flutter_appauth.dart';

final result = await const FlutterAppAuth().authorizeAndExchangeCode(
  AuthorizationTokenRequest(
    '${clientId}',
    '${redirectUri}',
    issuer: '${issuer}',
    scopes: [${scopes.join(', ')}],
  ),
);
`
}

function nodeApp({ issuer, clientId, redirectUri, scope }: SnippetValues): string {
  const last = ['client.None()', openidClientOptions(issuer)].filter((value) => value !== null)
  return `import * as client from 'openid-client'

const config = await client.discovery(new URL('${issuer}'), '${clientId}', undefined, ${last.join(', ')})
const codeVerifier = client.randomPKCECodeVerifier()
const state = client.randomState()

// Open this in the system's browser. An http address on loopback may have any port: add that of your listener.
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: '${redirectUri}',
  scope: '${scope}',
  code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
  code_challenge_method: 'S256',
  state,
})

const tokens = await client.authorizationCodeGrant(config, currentUrl, {
  pkceCodeVerifier: codeVerifier,
  expectedState: state,
})
`
}
