const { ListFormat } = Intl;

/**
 * Takes the place of `Intl.ListFormat` in bundles. `@sindresorhus/is`, which got loads, makes two of them for the texts of
 * its errors. The first of a process loads ICU's rules: 9 ms of a live read's cold start.
 */
export class LazyListFormat {
  readonly #settings: ConstructorParameters<typeof ListFormat>;

  constructor(...settings: ConstructorParameters<typeof ListFormat>) {
    this.#settings = settings;
  }

  format(list: Iterable<string>): string {
    return new ListFormat(...this.#settings).format(list);
  }
}
