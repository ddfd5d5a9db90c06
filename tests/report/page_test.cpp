// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/page.h"

#include <gmock/gmock.h>

namespace kpatch::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Page, SaysEverythingAsText) {
  Page page("<b> & \"co\"");
  page.add_verdict(Mark::kBad, "</p><script>x</script>");
  page.add_table({"a<b", {"c<d", "e"}, {{"f<g", "h&i"}}});
  page.add(page_lines({"</pre>"}));
  page.add(page_fold("<s>", page_lines({"<i>"}), false));
  const std::string text = page.text();
  EXPECT_THAT(text, HasSubstr("<title>&lt;b&gt; &amp; &quot;co&quot;</title>"));
  EXPECT_THAT(text, HasSubstr("✗ &lt;/p&gt;&lt;script&gt;x"));
  EXPECT_THAT(text, HasSubstr("<h2>a&lt;b</h2>"));
  EXPECT_THAT(text, HasSubstr("<th scope=\"col\">c&lt;d</th>"));
  EXPECT_THAT(text, HasSubstr("<td data-label=\"c&lt;d\">f&lt;g</td>"
                              "<td data-label=\"e\">h&amp;i</td>"));
  EXPECT_THAT(text, HasSubstr("<pre>&lt;/pre&gt;\n</pre>"));
  EXPECT_THAT(text, HasSubstr("<summary>&lt;s&gt;</summary>\n<pre>&lt;i&gt;"));
  for (const char* other : {"<b>", "<i>", "<s>", "src=", "href=", "url(", "http"})
    EXPECT_THAT(text, Not(HasSubstr(other)));
}

TEST(Page, MarksWhatIsGoodAndBadWithASign) {
  Page good("t"), bad("t");
  good.add_verdict(Mark::kGood, "so");
  bad.add_verdict(Mark::kBad, "so");
  EXPECT_THAT(good.text(), HasSubstr("<p class=\"verdict good\">✓ so</p>"));
  EXPECT_THAT(bad.text(), HasSubstr("<p class=\"verdict bad\">✗ so</p>"));
}

TEST(Page, ShowsFoldsThatAreOpenAndNoEmptyTables) {
  EXPECT_EQ(page_fold("s", "x", true),
            "<details open><summary>s</summary>\nx</details>\n");
  EXPECT_EQ(page_fold("s", "x", false), "<details><summary>s</summary>\nx</details>\n");
  Page page("t");
  page.add_table({"nothing", {"a"}, {}});
  EXPECT_THAT(page.text(), Not(HasSubstr("nothing")));
}

TEST(Page, TakesTheFirstCellForAHeadingWhereColumnsHaveNone) {
  Page page("t");
  page.add_table({"facts", {"", ""}, {{"kernel", "6.1"}}});
  EXPECT_THAT(page.text(),
              HasSubstr("<tr><th scope=\"row\">kernel</th><td>6.1</td></tr>"));
}

TEST(Page, IsWhatEndsInHtml) {
  EXPECT_TRUE(is_page("/a/report.html"));
  EXPECT_FALSE(is_page("/a/report.txt"));
  EXPECT_FALSE(is_page(""));
}

} // namespace
} // namespace kpatch::report
