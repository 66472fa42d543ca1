/** Says that a request failed and is made again. */
import type { Outside } from './outside.ts'
import type { PullpassError } from './pullpass-error.ts'
import { showUrl } from './show-url.ts'

export const logAgain =
  ({ log }: Pick<Outside, 'log'>, { url }: { readonly url: string }) =>
  ({ code }: PullpassError, delayMs: number): void =>
    log('info', 'a request failed and is made again', { code, url: showUrl(url), delayMs })
