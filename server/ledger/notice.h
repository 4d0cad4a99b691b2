// SPDX-License-Identifier: Apache-2.0
#pragma once

// The confidentiality notice: versions of a text, the newest of which everybody accepts before
// anything else (requirement R115). Who accepted which version, and when, stands with the user;
// that nothing else is done before is the business of machine/access.

#define NOTICE_NEWEST 0 // key of the row that names the newest version and has no text
