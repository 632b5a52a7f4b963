import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { selfSigned } from '../support/certificate.ts'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'

/** A mail server as production demands it: TLS from the first byte, and a user. It takes every mail and keeps none. */
export async function startMailServer(): Promise<{ url: string; certificatePath: string; stop(): Promise<void> }> {
  const { privateKey, certificate } = selfSigned('localhost')
  const certificatePath = join(await tempFolder('mail'), 'ca.pem')
  await writeFile(certificatePath, certificate)
  const server = new SMTPServer({
    secure: true,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: certificate,
    onAuth: (_auth, _session, done) => done(null, { user: 'doorward' }),
    onData: (stream, _session, done) => void stream.on('end', () => done()).resume(),
  })
  const [port] = await freePorts(1)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `smtps://user:password@localhost:${port}`,
    certificatePath,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
