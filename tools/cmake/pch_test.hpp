#include "tools/cmake/pch_base.hpp"

#include <gtest/gtest.h>
