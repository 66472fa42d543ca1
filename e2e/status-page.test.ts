/** The status page of the controller in a real browser, with ordinary and with hostile texts. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { serveStatusPage } from '../src/controller/page/serve-page.ts'
import type { HttpServer } from '../src/server/http-server.ts'
import { SecretRegister } from '../src/text/secret-register.ts'
import { hostileFacts, ordinaryFacts } from '../test/controller/page/page-facts-samples.ts'
import { startBrowser } from './parts/browser/start-browser.ts'
import { withRealPart } from './parts/real-part.ts'

const contents = { ordinary: ordinaryFacts, hostile: hostileFacts() } as const
/** Folder for screenshots; absent: they are not kept. */
const folder = process.env['PULLPASS_SCREENSHOTS']

await withRealPart('Chromium', startBrowser, ({ render }) => {
  suite('the status page, in a browser', () => {
    const servers = new Map<string, HttpServer>()
    before(async () => {
      for (const [name, facts] of Object.entries(contents)) {
        const context = { now: () => new Date(), log: () => undefined, secrets: new SecretRegister() }
        servers.set(name, await serveStatusPage({ host: '127.0.0.1', port: 0 }, () => facts, context))
      }
    })
    after(async () => {
      for (const server of servers.values()) await server.close(0)
    })

    for (const content of ['ordinary', 'hostile'] as const) {
      for (const width of [360, 1_280]) {
        test(`of ${content} content at ${width} pixels scrolls in one direction, in both colour schemes`, async () => {
          const url = `http://127.0.0.1:${servers.get(content)?.port}/`
          const views = { light: 'rgb(255, 255, 255)', dark: 'rgb(13, 17, 23)' } as const
          for (const [colors, background] of Object.entries(views)) {
            const view = { url, width, colors: colors === 'dark' ? 'dark' : 'light' } as const
            const rendered = await render(folder === undefined ? view : { ...view, screenshot: 'png' })
            assert.equal(rendered.width, width)
            assert.equal(rendered.background, background)
            assert.equal(rendered.title, 'Problems: pullpass controller')
            assert.deepEqual(rendered.errors, [])
            if (folder === undefined || rendered.screenshot === undefined) continue
            await mkdir(folder, { recursive: true })
            await writeFile(join(folder, `${content}-${width}-${colors}.png`), rendered.screenshot)
          }
        })
      }
    }
  })
})
