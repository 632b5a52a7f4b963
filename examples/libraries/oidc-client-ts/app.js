const { UserManager, WebStorageStateStore } = window.oidc
const { issuer, clientId } = await (await fetch('/config.json')).json()

const users = new UserManager({
  authority: issuer,
  client_id: clientId,
  redirect_uri: `${location.origin}/`,
  post_logout_redirect_uri: `${location.origin}/`,
  scope: 'openid email profile',
  loadUserInfo: true, // the ID token of a public client carries no email
  automaticSilentRenew: true, // by the refresh token, a minute before the access token ends
  // Tokens live as long as the tab. Whatever script runs on this page can read them: have a strict CSP.
  userStore: new WebStorageStateStore({ store: window.sessionStorage }),
})

if (new URLSearchParams(location.search).has('state')) {
  try {
    await users.signinCallback()
  } catch (error) {
    document.querySelector('#who').textContent = error.message // such as "access_denied"
  }
  history.replaceState({}, '', '/')
}

async function show() {
  const user = await users.getUser()
  if (user) document.querySelector('#who').textContent = JSON.stringify({ sub: user.profile.sub, email: user.profile.email })
  document.querySelector('#who').dataset.expiresAt = user?.expires_at ?? ''
}

const on = (id, action) => document.querySelector(id).addEventListener('click', action)
on('#sign-in', () => users.signinRedirect())
on('#refresh', async () => {
  await users.signinSilent()
  await show()
})
on('#sign-out', () => users.signoutRedirect())
users.events.addUserSignedOut(() => location.reload())
await show()
document.body.dataset.ready = 'yes'
