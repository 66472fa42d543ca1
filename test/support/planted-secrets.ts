/** Secrets that a test knows, and the search for them in whatever was shown: raw, in base64, URL-encoded, any slice. */
import assert from 'node:assert/strict'

/** No shorter slice counts: of a token it is of no use to anybody. */
const slice = 24

export interface PlantedSecrets {
  /** `name` is for the message, when it was found. */
  readonly plant: (name: string, secret: string) => void
  /** Fails where `text` holds a slice of a planted secret. */
  readonly assertAbsent: (text: string, where: string) => void
}

export function createPlantedSecrets(): PlantedSecrets {
  const names = new Map<string, string>()
  return {
    plant(name, secret) {
      assert.ok(secret.length >= slice, `${name} is too short to be searched for`)
      for (const spelling of encodingsOf(secret)) for (const piece of slicesOf(spelling)) names.set(piece, name)
    },
    assertAbsent(text, where) {
      for (const piece of slicesOf(text)) {
        const name = names.get(piece)
        // The place tells enough: a log of this test must not hold the secret either.
        if (name !== undefined) assert.fail(`${where} shows ${name}, at ${text.indexOf(piece)}`)
      }
    },
  }
}

/** Base64 depends on how many bytes came before: three ways, of which the ends depend on the neighbours. */
function encodingsOf(secret: string): string[] {
  const encoded = [0, 1, 2].map((before) =>
    Buffer.from(`${'\0'.repeat(before)}${secret}`)
      .toString('base64')
      .slice(4),
  )
  const safe = encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), ...encoded, ...safe]
}

function* slicesOf(text: string): Generator<string> {
  for (let start = 0; start + slice <= text.length; start++) yield text.slice(start, start + slice)
}
