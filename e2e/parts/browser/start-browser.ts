/**
 * Chromium without a window, over the DevTools protocol: it renders a page at a width, and reports what it could not load or run.
 * https://chromedevtools.github.io/devtools-protocol/
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findInstalledProgram } from '../process/find-program.ts'
import { startPart } from '../process/start-part.ts'
import { waitUntil } from '../process/wait-until.ts'
import type { RealPart } from '../real-part.ts'
import { openDevTools } from './dev-tools.ts'

interface View {
  readonly url: string
  /** CSS pixels. */
  readonly width: number
  readonly colors: 'light' | 'dark'
  /** Absent: none, which would take most of the CPU time. */
  readonly screenshot?: 'png'
}

interface Rendered {
  /** Of the content; wider than the view if it overflows. */
  readonly width: number
  readonly background: string
  readonly title: string
  /** Errors of the console: refused styles and scripts. */
  readonly errors: readonly string[]
  /** Of the beginning of the page. */
  readonly screenshot: Buffer | undefined
}

export interface Browser extends RealPart {
  readonly render: (view: View) => Promise<Rendered>
}

/** Of a screenshot, in CSS pixels. */
const maxHeight = 4_000
/** Written by Chromium: port and path of its DevTools. */
const portFile = 'DevToolsActivePort'

/** @throws AbsentPart if Chromium is not installed */
export const startBrowser = (): Promise<Browser> =>
  startPart('browser', async ({ folder, start }) => {
    const program = findInstalledProgram('chromium', 'chromium')
    const profile = join(folder, 'profile')
    // The tests run as root, where Chromium has no sandbox; it renders pages of the tests only.
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      '--disable-dev-shm-usage',
      '--no-first-run',
    ]
    const { ended } = start(program, [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`])
    const [port, path] = await waitUntil(
      'the DevTools of Chromium',
      30_000,
      async () => (await readFile(join(profile, portFile), 'utf8')).split('\n'),
      ended,
    )
    return { render: async (view) => await render(`ws://127.0.0.1:${port}${path}`, view) }
  })

async function render(devTools: string, { url, width, colors, screenshot }: View): Promise<Rendered> {
  await using browser = await openDevTools(devTools)
  const { targetId } = await browser.call('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await browser.call('Target.attachToTarget', { targetId, flatten: true })
  const call = async (method: string, parameters: object = {}) => await browser.call(method, parameters, sessionId)
  await call('Page.enable')
  await call('Log.enable')
  await call('Emulation.setDeviceMetricsOverride', { width, height: 800, deviceScaleFactor: 1, mobile: width < 600 })
  await call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: colors }] })
  const loaded = browser.once('Page.loadEventFired')
  await call('Page.navigate', { url })
  await loaded
  const evaluate = async (expression: string) =>
    (await call('Runtime.evaluate', { expression, returnByValue: true })).result.value
  const takeScreenshot = async () => {
    const height = Math.min(maxHeight, Number(await evaluate('document.documentElement.scrollHeight')))
    const clip = { x: 0, y: 0, width, height, scale: 1 }
    const { data } = await call('Page.captureScreenshot', { captureBeyondViewport: true, clip })
    return Buffer.from(data, 'base64')
  }
  const rendered = {
    width: Number(await evaluate('document.documentElement.scrollWidth')),
    background: String(await evaluate('getComputedStyle(document.body).backgroundColor')),
    title: String(await evaluate('document.title')),
    errors: browser.seen('Log.entryAdded').map(({ entry }) => `${entry.level}: ${entry.text}`),
    screenshot: screenshot && (await takeScreenshot()),
  }
  await browser.call('Target.closeTarget', { targetId })
  return rendered
}
