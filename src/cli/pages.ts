import { openApiManual, permissionsManual } from '../admin/index.ts'
import { eventsManual } from '../audit/index.ts'
import { metricsManual } from '../base/index.ts'
import { clientsFileSchema } from '../clients/index.ts'
import { envExample, settingsManual } from '../config/index.ts'
import { commandLineManual } from './manual.ts'

/** Pages that come from the code, by path from the top of the project. */
export function generatedPages(): { path: string; content: string }[] {
  return [
    { path: 'docs/settings.md', content: settingsManual() },
    { path: '.env.example', content: envExample() },
    { path: 'docs/events.md', content: eventsManual() },
    { path: 'docs/metrics.md', content: metricsManual() },
    { path: 'docs/admin-permissions.md', content: permissionsManual() },
    { path: 'docs/openapi.json', content: openApiManual() },
    { path: 'docs/command-line.md', content: commandLineManual() },
    { path: 'docs/clients-file.schema.json', content: `${JSON.stringify(clientsFileSchema(), null, 2)}\n` },
  ]
}
