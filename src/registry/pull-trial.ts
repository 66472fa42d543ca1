/** What became of trying to pull, without pulling: where the credential was refused, or what was there. */
import type { PullpassError } from '../outside/pullpass-error.ts'

/** `words`: what the registry said, quoted, or its status alone. */
export type PullTrial =
  /** The manifest is there, and the credential opens it. */
  | { readonly outcome: 'pulls' }
  /** It is there for anybody: the credential was not asked for. */
  | { readonly outcome: 'public' }
  /** No image was named, and the token endpoint took the credential; of no repository is anything known. */
  | { readonly outcome: 'accepted' }
  /** The credential is fine: there is no such tag, digest, or repository. */
  | { readonly outcome: 'absent'; readonly what: 'manifest' | 'repository'; readonly words: string }
  /** 401: the registry does not take the credential. 403: it does, and the holder may not read. */
  | {
      readonly outcome: 'refused'
      readonly at: 'token endpoint' | 'manifest'
      readonly url: string
      readonly status: 401 | 403
      readonly words: string
      /** What the registry said, not quoted: to be evaluated, never shown. */
      readonly message: string
      /** `without a credential`: a request without any is answered the same, so that it may not have arrived. */
      readonly answered: 'the credential' | 'without a credential'
    }
  | { readonly outcome: 'throttled'; readonly url: string; readonly words: string; readonly retryAt: Date | undefined }
  /** A server error: 5xx. */
  | {
      readonly outcome: 'unavailable'
      readonly url: string
      readonly words: string
      readonly retryAt: Date | undefined
    }
  /** It speaks HTTP where a kubelet expects TLS; no credential was sent. */
  | { readonly outcome: 'plain http'; readonly url: string }
  /** An answer that no registry gives. */
  | { readonly outcome: 'unclear'; readonly url: string; readonly words: string }
  | { readonly outcome: 'unreachable'; readonly fault: PullpassError }
