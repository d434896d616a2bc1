// The few names that matter among all headers that come.
import { Bytes } from "../bytes/bytes";

const PLACES: i32 = 128;

/**
 * Names of headers in lower case, much fewer than 128: a hash finds a name, or that it is none of them, at one glance.
 * Its factors spread common names so that hardly one that is not looked for shares a place with one that is.
 */
@final
export class HeaderNames {
  private readonly places: StaticArray<u8> = new StaticArray<u8>(PLACES); // 1 + the index of a name, 0 where none is
  private place: i32 = 0; // where the last search ended

  constructor(private readonly names: StaticArray<Bytes>) {
    for (let i = 0, k = min(names.length, PLACES - 1); i < k; i++) {
      if (this.find(names[i]) < 0) this.places[this.place] = <u8>(i + 1);
    }
  }

  /** Index of a name, -1 when it is none of them. */
  find(name: Bytes): i32 {
    const length = name.length;
    let place = (length * 7 + <i32>name.at(length - 1) * 8 + <i32>name.at(length >> 1) * 25) & (PLACES - 1);
    let index = this.indexAt(place);
    while (index >= 0 && !unchecked(this.names[index]).equals(name)) {
      place = (place + 1) & (PLACES - 1);
      index = this.indexAt(place);
    }
    this.place = place;
    return index;
  }


  @inline private indexAt(place: i32): i32 {
    return <i32>unchecked(this.places[place]) - 1;
  }
}
