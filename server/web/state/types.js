/**
 * The shapes that the page's modules share. No code.
 *
 * @typedef {"text" | "image" | "audio"} Modality
 * @typedef {Modality | "video" | "document"} Kind
 *
 * @typedef {object} Term one thing that is asked by; exactly one of text, upload and like is there
 * @property {string} [text]
 * @property {string} [upload] the id of a picture or sound that the service keeps
 * @property {string} [like] the id of an item
 * @property {number} weight negative: less like this
 * @property {string} [name] of an upload: its file's name
 * @property {Modality} [modality] of an upload
 *
 * @typedef {Readonly<Record<string, Readonly<Record<string, unknown>>>>} Where
 *
 * @typedef {object} Query what is asked
 * @property {string | null} collection null: the service's first
 * @property {readonly Term[]} terms
 * @property {readonly Modality[]} modalities empty: all
 * @property {readonly Kind[]} kinds empty: all
 * @property {Where} where conditions on metadata, by field
 * @property {number | null} minScore
 * @property {"grid" | "map"} view
 * @property {string | null} item the id of the item that is looked at
 * @property {"vector" | "words" | "both"} match
 * @property {"calibrated" | "rrf" | "round_robin"} fusion
 *
 * @typedef {object} Place where in its item a segment is
 * @property {number | null} start
 * @property {number | null} end
 * @property {"seconds" | "characters" | "pages" | null} unit
 * @property {number | null} page
 * @property {readonly number[] | null} box
 * @property {string} origin
 * @property {readonly string[]} heading
 * @property {string | null} text
 *
 * @typedef {object} Scores
 * @property {Modality} modality
 * @property {number} score
 * @property {number} raw_score
 * @property {"native" | "bridged" | "words"} route
 * @property {string} space
 *
 * @typedef {Place & Scores} HitSegment
 *
 * @typedef {object} Owned what is the item's own
 * @property {string} id
 * @property {string} source
 * @property {Kind} kind
 * @property {Readonly<Record<string, unknown>>} metadata
 *
 * @typedef {object} Moment seconds of a recording or a video that matched
 * @property {number} start
 * @property {number} end
 * @property {number} score
 * @property {number | null} frame the time of the frame that matched best
 * @property {readonly Modality[]} modalities
 *
 * @typedef {object} HitParts
 * @property {readonly HitSegment[]} [segments]
 * @property {readonly Moment[]} [moments] the best first
 * @property {number} [added_at]
 *
 * @typedef {Owned & Partial<Place & Scores> & HitParts} Hit
 *   a hit of a search, or an item of a list, which has no score
 *
 * @typedef {Place & {id: number, space: string, modality: Modality}} Segment
 * @typedef {Owned & {segments: readonly Segment[], aliases: readonly string[], added_at: number}} Item
 *
 * @typedef {object} Results
 * @property {readonly Hit[]} hits
 * @property {string | null} state
 * @property {string | null} nextCursor
 * @property {boolean} noMatch
 * @property {number | null} tookMs
 * @property {"idle" | "loading" | "done" | "failed"} status
 * @property {boolean} isGrowing whether a further page is on its way
 * @property {Failure | null} error
 *
 * @typedef {object} Sight what of the list of hits is in sight, in pixels
 * @property {number} top from the list's top; below 0: the list begins further down
 * @property {number} height of the window
 * @property {number} width of the list
 *
 * @typedef {object} Peek what a card shows beside its hit
 * @property {Segment | null} passage how a text begins
 * @property {{seconds: number, peaks: readonly number[]} | null} curve of a sound
 *
 * @typedef {object} Failure
 * @property {string} message
 * @property {string} code
 * @property {number} status 0: nobody answered
 *
 * @typedef {object} Access
 * @property {string} version
 * @property {boolean} needs_key
 * @property {readonly string[]} scopes
 * @property {boolean} fetches_urls
 * @property {readonly string[]} collections
 *
 * @typedef {object} Field a field of the metadata
 * @property {string} name
 * @property {"text" | "number" | "boolean" | "date"} type
 * @property {number} items
 * @property {number | string | null} least
 * @property {number | string | null} greatest
 * @property {readonly {value: string | number | boolean, items: number}[]} values
 * @property {boolean} complete
 *
 * @typedef {object} CollectionFacts
 * @property {string} name
 * @property {number} items
 * @property {Partial<Record<Kind, number>>} items_by_kind
 * @property {readonly string[]} encoders
 */

export {};
