/* Sample values for generated events. Only the names of places, systems and scripts are real. */

interface Place {
  readonly city: string;
  readonly region: string;
  readonly country: string;
  readonly language: string;
  readonly latitude: number | null;
  readonly longitude: number | null;
}

interface Device {
  readonly brand: string | null;
  readonly carrier: string | null;
  readonly family: string;
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly type: string;
  readonly osName: string;
  readonly osVersion: string;
  readonly platform: string;
  readonly versionName: string | null;
}

function place(
  city: string,
  region: string,
  country: string,
  language: string,
  location?: [number, number],
): Place {
  return {
    city,
    region,
    country,
    language,
    latitude: location?.[0] ?? null,
    longitude: location?.[1] ?? null,
  };
}

/** Places in Latin, CJK, right-to-left, combining and astral characters, for every width of UTF-8. Half are ASCII, as most real ones. */
export const PLACES: readonly Place[] = [
  place("Example City", "Example Region", "United Kingdom", "English"),
  place("東京", "東京都", "Japan", "Japanese", [35.6895, 139.69171]),
  place("Zu\u0308rich", "Zürich", "Switzerland", "German", [47.36667, 8.55]),
  place("القاهرة", "محافظة القاهرة", "Egypt", "Arabic", [30.06263, 31.24967]),
  place("תל אביב-יפו", "מחוז תל אביב", "Israel", "Hebrew"),
  place("São Paulo", "São Paulo", "Brazil", "Portuguese", [-23.5475, -46.63611]),
  place("서울특별시", "서울", "South Korea", "Korean", [37.566, 126.9784]),
  place("Austin", "Texas", "United States", "English", [30.26715, -97.74306]),
  place("Leeds", "Leeds", "United Kingdom", "English"),
  place("Portland", "Oregon", "United States", "English", [45.52345, -122.67621]),
  place("Nairobi", "Nairobi County", "Kenya", "English", [-1.28333, 36.81667]),
  place("𠮷野町", "奈良県", "Japan", "Japanese"),
];

export const DEVICES: readonly Device[] = [
  {
    brand: null,
    carrier: null,
    family: "Mac OS X",
    manufacturer: null,
    model: null,
    type: "Mac",
    osName: "Chrome",
    osVersion: "137",
    platform: "Web",
    versionName: null,
  },
  {
    brand: "Apple",
    carrier: "Example Mobile",
    family: "Apple iPhone",
    manufacturer: "Apple",
    model: "iPhone15,2",
    type: "Apple iPhone 14 Pro",
    osName: "ios",
    osVersion: "18.5",
    platform: "iOS",
    versionName: "4.12.0",
  },
  {
    brand: "samsung",
    carrier: "Example Tel",
    family: "Samsung Phone",
    manufacturer: "samsung",
    model: "SM-S911B",
    type: "Samsung Galaxy S23",
    osName: "android",
    osVersion: "15",
    platform: "Android",
    versionName: "4.11.3",
  },
];

export const EVENT_TYPES: readonly string[] = [
  "session_start",
  "[Amplitude] Page Viewed",
  "Product Added",
  "Checkout Completed",
  "検索した",
  "session_end",
];

/** Text that users type. Line breaks, quotes, backslashes and U+2028 must also survive JSON. */
export const TEXTS: readonly string[] = [
  "Blue running shoes, size 42",
  "A plain title",
  "Checkout (step 2 of 3)",
  "50% off & free shipping",
  "日本語のタイトル 😀",
  'family 👩‍👩‍👧‍👦 and a "quoted" C:\\path',
  "e\u0301 combining, \u00e9 composed",
  "שלום (rtl) مرحبا",
  "two\nlines\tand a tab",
  "separators \u2028 and \u2029",
  "€ 1.234,50",
];

export function pick<Value>(values: readonly Value[], index: number): Value {
  return values[index % values.length] as Value;
}
