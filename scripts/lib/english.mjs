// The wordings that `npm run check:english` finds: common words in an uncommon sense, and archaic ones. They
// made the texts of this project hard to read. docs/glossary.md has the words to use.

/** Gap between two words of a phrase: spaces, or the end of a line and the comment mark of the next. */
const gap = String.raw`\s+(?:(?:\*|//)\s*)?`;

function phrases(list, advice) {
  const alternatives = list.map((words) => words.split(' ').join(gap)).join('|');
  return { pattern: new RegExp(String.raw`\b(?:${alternatives})\b`, 'gi'), advice };
}

export const wordings = [
  phrases(['tell', 'tells', 'telling', 'told', 'untold'], 'write report, notify, print, show, say or know'),
  phrases(['heed', 'heeds', 'heeded', 'heeding'], 'write handle, apply or obey'),
  phrases(['whoever', 'whomever', 'whosoever'], 'name the person: the caller, the user, the client'),
  phrases(['somebody', 'someone else', 'everybody'], 'name the person: the caller, another user, all users'),
  phrases(['nobody'], 'write no one, or turn the sentence round'),
  phrases(['anew'], 'write again'),
  {
    // Except "Gone" alone, HTTP's name of the status 410.
    pattern: /(?<!responses\/)(?:(?<!")\bgone\b|\bgone\b(?!"))/gi,
    advice: 'write deleted, lost, closed, stopped or no longer exists',
  },
  phrases(['so long'], 'write as long as, or name the time'),
  phrases(['so many'], 'write this many, or name the number'),
  phrases(['begun again', 'begins again', 'begin again'], 'write restarted, restarts or retried'),
  phrases(['in vain'], 'write without success'),
  phrases(['at the most'], 'write at most'),
  phrases(['for certain'], 'write certainly, or nothing'),
  phrases(
    ['lest', 'thereof', 'therein', 'whereof', 'wherein', 'forthwith', 'hence'],
    'write it in plain words',
  ),
];

/** A genitive or a preposition without a noun: "Of a task's result, as JSON." */
export const bareStart = {
  pattern: /^(?:\/\*\*\s*(?:\*\s*)?(?:Of|By|As|In|For)\b|\/\/ Of\b)/g,
  advice: 'start with a noun on a constant ("Maximum size of …"), with a verb on a function ("Returns …")',
};

/** The same words within names. */
export const names = [
  {
    pattern:
      /(?:(?<![A-Za-z])(?:told|untold|tell|tells|telling|heed|anew|nobody|somebody|whoever|gone)|Told|Untold|Tell|Tells|Telling|Heed|Anew|Nobody|Somebody|Whoever|Gone)(?![a-z])|^most[A-Z]/g,
    advice: 'use a word of docs/glossary.md; limits are called max…',
  },
];

/** Beginnings of paths of recorded and generated texts, and of this list. */
export const unchecked = [
  'test/compat/exchanges.json',
  'test/replay/histories/',
  'package-lock.json',
  'scripts/lib/english.mjs',
];
