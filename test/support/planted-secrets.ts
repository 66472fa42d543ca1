/** Known secrets, and a search for them in output: raw, base64, URL-encoded, any slice. */
import assert from 'node:assert/strict'

/** The minimum length of a slice: a shorter part of a token is of no use. */
const slice = 24

export interface PlantedSecrets {
  /** `name` is for the failure message. */
  readonly plant: (name: string, secret: string) => void
  /** Fails if `text` contains a slice of a planted secret. */
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
        // The message contains only the position: a log of this test must not contain the secret.
        if (name !== undefined) assert.fail(`${where} shows ${name}, at ${text.indexOf(piece)}`)
      }
    },
  }
}

/** Base64 depends on the offset of the secret: three variants, whose ends depend on adjacent bytes. */
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
