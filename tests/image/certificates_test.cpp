// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/certificates.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::image {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kPlace = 0x1000;

/// A kernel with this list, which its variable says to be so long.
Image kernel(Bytes list, std::uint64_t length) {
  const std::uint64_t end = kPlace + list.size();
  for (int byte = 0; byte < 8; ++byte)
    list.push_back(static_cast<std::uint8_t>(length >> (8 * byte)));
  ImagePart part{.name = ".init.data",
                 .address = kPlace,
                 .size = list.size(),
                 .flags = 0,
                 .data = list};
  return {"vmlinux",
          std::endian::little,
          {std::move(part)},
          {{.name = "system_certificate_list", .address = kPlace},
           {.name = "system_certificate_list_size", .address = end}}};
}

const Bytes kOne = {0x30, 0x82, 0, 1, 'a'}, kOther = {0x30, 0x82, 0, 2, 'b', 'c'};

TEST(Certificates, AreReadOneAfterTheOther) {
  Bytes both = kOne;
  both.insert(both.end(), kOther.begin(), kOther.end());
  EXPECT_THAT(certificates_in(kernel(both, 11)), ElementsAre(kOne, kOther));
  EXPECT_THAT(certificates_in(kernel(both, 5)), ElementsAre(kOne));
  EXPECT_THAT(certificates_in(kernel({}, 0)), IsEmpty());
}

TEST(Certificates, EndWhereTheListIsDamaged) {
  Bytes cut = kOne;
  cut.insert(cut.end(), {0x30, 0x82, 0xff, 0xff, 'b'});
  EXPECT_THAT(certificates_in(kernel(cut, 10)), ElementsAre(kOne));
  EXPECT_THAT(certificates_in(kernel({'x', 'y', 'z', 'z', 'y'}, 5)), IsEmpty());
  EXPECT_THAT(certificates_in(kernel(kOne, ~0ULL)), IsEmpty());
  EXPECT_THAT(certificates_in(Image("vmlinux", std::endian::little, {}, {})), IsEmpty());
}

} // namespace
} // namespace kpatch::image
