/** Form of a secret's name, in payloads and commands. */
export const secretNameForm = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Minimum length of a value that is found in what attempts report, in characters: a shorter one occurs by chance. */
export const minMaskedLength = 8;
