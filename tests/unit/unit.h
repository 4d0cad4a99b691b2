// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every suite needs, in the order that cmocka wants.

#include "shared/base.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
// clang-format on
