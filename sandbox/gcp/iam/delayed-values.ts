/** Values that take effect some time after the write; until then a read returns a value that is not yet in effect. */

export interface DelayedValues<Value> {
  readonly write: (key: string, value: Value, effectiveAt: Date) => void
  readonly forget: (key: string) => void
  readonly latest: (key: string) => Value | undefined
  /** The last written value that is in effect. */
  readonly effective: (key: string) => Value | undefined
  readonly keys: () => readonly string[]
  /** Edits every stored value, in effect or not. */
  readonly change: (edit: (value: Value) => Value) => void
}

export function createDelayedValues<Value>(now: () => Date): DelayedValues<Value> {
  const written = new Map<string, { value: Value; effectiveAt: Date }[]>()
  return {
    write(key, value, effectiveAt) {
      const earlier = written.get(key) ?? []
      const current = earlier.findLastIndex((entry) => entry.effectiveAt <= now())
      written.set(key, [...earlier.slice(Math.max(0, current)), { value, effectiveAt }])
    },
    forget: (key) => void written.delete(key),
    latest: (key) => written.get(key)?.at(-1)?.value,
    effective: (key) => written.get(key)?.findLast(({ effectiveAt }) => effectiveAt <= now())?.value,
    keys: () => [...written.keys()],
    change(edit) {
      for (const [key, values] of written)
        written.set(
          key,
          values.map(({ value, effectiveAt }) => ({ value: edit(value), effectiveAt })),
        )
    },
  }
}
