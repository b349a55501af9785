// person_name.js - how a name is shown: `#7F3A`, made by first.js, is "Guest 7F3A" in the reader's language.

import { t } from './i18n.js';

export function personName(name) {
  return name?.startsWith('#') ? `${t('chat.guest')} ${name.slice(1)}` : name || t('chat.guest');
}
