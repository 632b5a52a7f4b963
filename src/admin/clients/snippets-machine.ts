import { openidClientOptions, type Snippet, type SnippetValues } from './snippet.ts'

/** Settings for machines, which get tokens for themselves. */
export function machineSnippets(values: SnippetValues): Snippet[] {
  return [
    { library: 'curl', language: 'Shell', text: curl(values) },
    { library: 'openid-client', language: 'Node.js', text: openidClient(values) },
    { library: 'Authlib', language: 'Python', text: authlib(values) },
    { library: 'golang.org/x/oauth2', language: 'Go', text: goOauth2(values) },
  ]
}

/** What is asked for, by the names of the token endpoint. */
function asked({ resource, resourceScope }: SnippetValues): [string, string][] {
  const scope: [string, string][] = resourceScope ? [['scope', resourceScope]] : []
  return resource === null ? [] : [['resource', resource], ...scope]
}

function curl(values: SnippetValues): string {
  const { issuer, clientId, authMethod } = values
  const call = `curl --fail-with-body ${issuer}/token \\`
  const parameters = asked(values).map(([name, value]) => ` \\\n  --data-urlencode '${name}=${value}'`)
  const grant = `  --data grant_type=client_credentials${parameters.join('')}`
  if (authMethod === 'private_key_jwt') {
    return `# The assertion is a JWT, signed by your key: iss and sub "${clientId}", aud "${issuer}", a new jti, exp within a minute.
${call}
  --data-urlencode client_id=${clientId} \\
  --data client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \\
  --data-urlencode client_assertion="$ASSERTION" \\
${grant}
`
  }
  const proof =
    authMethod === 'client_secret_post'
      ? `  --data-urlencode client_id=${clientId} \\\n  --data-urlencode client_secret="$CLIENT_SECRET" \\`
      : `  --user '${encodeURIComponent(clientId)}':"$CLIENT_SECRET" \\`
  return `${call}\n${proof}\n${grant}\n`
}

function openidClient(values: SnippetValues): string {
  const { issuer, clientId, authMethod } = values
  const parameters = asked(values).map(([name, value]) => `${name}: '${value}'`)
  const key = authMethod === 'private_key_jwt'
  const proof = key
    ? 'client.PrivateKeyJwt(privateKey)'
    : `client.${SECRET_IN[authMethod] ?? 'ClientSecretBasic'}(process.env.CLIENT_SECRET)`
  const last = [proof, openidClientOptions(issuer)].filter((value) => value !== null)
  return `import * as client from 'openid-client'

${key ? '// privateKey: a CryptoKey, the other half of a key in the jwks of this registration\n' : ''}const config = await client.discovery(new URL('${issuer}'), '${clientId}', undefined, ${last.join(', ')})
const tokens = await client.clientCredentialsGrant(config, { ${parameters.join(', ')} })
`
}

const SECRET_IN: Readonly<Record<string, string>> = {
  client_secret_basic: 'ClientSecretBasic',
  client_secret_post: 'ClientSecretPost',
}

function authlib(values: SnippetValues): string {
  const { issuer, clientId, authMethod } = values
  const parameters = asked(values).map(([name, value]) => `\n    ${name}="${value}",`)
  const key = authMethod === 'private_key_jwt'
  const imports = key ? '\nfrom authlib.oauth2.rfc7523 import PrivateKeyJWT' : ''
  const secret = key ? 'open("private-key.pem").read()' : 'os.environ["CLIENT_SECRET"]'
  const register = key ? `\nclient.register_client_auth_method(PrivateKeyJWT("${issuer}/token", alg="ES256"))` : ''
  return `import os
from authlib.integrations.requests_client import OAuth2Session${imports}

client = OAuth2Session(
    "${clientId}",
    ${secret},
    token_endpoint_auth_method="${authMethod}",
)${register}
token = client.fetch_token(
    "${issuer}/token",
    grant_type="client_credentials",${parameters.join('')}
)
`
}

function goOauth2(values: SnippetValues): string {
  const { issuer, clientId, authMethod, resource } = values
  const scopes = values.resourceScope ? `\n	Scopes:         []string{"${values.resourceScope.split(' ').join('", "')}"},` : ''
  const resourceLine = resource === null ? '' : `\n		"resource":              {"${resource}"},`
  const parameters = resource === null ? '' : `\n	EndpointParams: url.Values{"resource": {"${resource}"}},`
  const style = authMethod === 'client_secret_post' ? 'AuthStyleInParams' : 'AuthStyleInHeader'
  if (authMethod === 'private_key_jwt') {
    return `// golang.org/x/oauth2 makes no assertions by itself: give it one that your key has signed, new for each token.
config := clientcredentials.Config{
	ClientID:  "${clientId}",
	TokenURL:  "${issuer}/token",
	AuthStyle: oauth2.AuthStyleInParams,${scopes.replace('        ', '   ')}
	EndpointParams: url.Values{${resourceLine}
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	},
}
token, err := config.Token(ctx)
`
  }
  return `// import "golang.org/x/oauth2/clientcredentials"
config := clientcredentials.Config{
	ClientID:       "${clientId}",
	ClientSecret:   os.Getenv("CLIENT_SECRET"),
	TokenURL:       "${issuer}/token",
	AuthStyle:      oauth2.${style},${scopes}${parameters}
}
client := config.Client(ctx) // gets a new token by itself when one ends
`
}
