#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "base/file.hpp"
#include "remote/aws_identity.hpp"
#include "remote/s3_bucket.hpp"
#include "remote/web_index.hpp"

namespace digits::remote {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Folders end with '/'.
std::vector<std::string> names_of(const WebIndex& index) {
    std::vector<std::string> names;
    for (const auto& entry : index.entries) names.push_back(entry.name + (entry.is_folder ? "/" : ""));
    return names;
}

TEST(WebIndex, reads_the_pages_of_apache) {
    const auto index = parse_web_index(R"(<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN"><html><head>
<title>Index of /sets/fish</title></head><body><h1>Index of /sets/fish</h1><table>
<tr><th valign="top"><img src="/icons/blank.gif" alt="[ICO]"></th><th><a href="?C=N;O=D">Name</a></th>
<th><a href="?C=M;O=A">Last modified</a></th></tr>
<tr><td><a href="/sets/">Parent Directory</a></td></tr>
<tr><td><a href="big%20red/">big red/</a></td></tr>
<tr><td><a href="a&amp;b.jpg">a&amp;b.jpg</a></td></tr></table></body></html>)",
                                       "http://host/sets/fish/");
    EXPECT_THAT(names_of(index), ElementsAre("big red/", "a&b.jpg"));
    EXPECT_EQ(index.entries[0].link, "big%20red");
    EXPECT_EQ(index.elsewhere, 0U);
}

TEST(WebIndex, reads_the_pages_of_nginx_and_of_python) {
    EXPECT_THAT(names_of(parse_web_index("<html><head><title>Index of /x/</title></head><body><h1>Index of /x/</h1><hr>"
                                         "<pre><a href=\"../\">../</a>\n<a href=\"cats/\">cats/</a>  01-Jan-2026 -\n"
                                         "<a href=\"%C3%BC%25.png\">ü%.png</a> 12\n</pre><hr></body></html>",
                                         "https://host/x/")),
                ElementsAre("cats/", "ü%.png"));
    EXPECT_THAT(names_of(parse_web_index("<ul>\n<li><a href=\"it%27s%20%23%201.png\">it's # 1.png</a></li>\n"
                                         "<li><A HREF='link@/'>link@/</a></li>\n</ul>",
                                         "http://host:8000/")),
                ElementsAre("it's # 1.png", "link@/"));
}

TEST(WebIndex, takes_whole_addresses_of_its_own_folder) {
    const auto index = parse_web_index(
        "<a href=/x/a.png>a</a><a href=\"http://host/x/b/\">b</a><a href=\"./c.png\">c</a>"
        "<a href=\"c.png\">again</a>",
        "http://host/x/");
    EXPECT_THAT(names_of(index), ElementsAre("a.png", "b/", "c.png"));
}

TEST(WebIndex, leads_nowhere_else) {
    for (const auto* link : {"http://host.evil/x/a.png",
                             "http://evil/x/",
                             "https://host/x/a.png",
                             "//evil/a.png",
                             "/etc/passwd",
                             "/xy/a.png",
                             "..%2fa.png",
                             "%2e%2e/",
                             "a/../../b.png",
                             "a/b.png",
                             "%2fetc",
                             "a%00.png",
                             "a%0ab.png",
                             "a%5cb.png",
                             "%zz.png",
                             "javascript:alert(1)",
                             "file:///etc/",
                             "mailto:x",
                             "a%ff.png",
                             "a.png?x=1"}) {
        const auto index = parse_web_index(std::string("<a href=\"") + link + "\">x</a>", "http://host/x/");
        EXPECT_THAT(index.entries, testing::IsEmpty()) << link;
        EXPECT_EQ(index.elsewhere, 1U) << link;
    }
    for (const auto* page : {"", "<", "<a", "<a href", "<a href=", "<a href=\"", "<a href=\"x.png",
                             "<!-- <a href=\"x.png\">", "<area href=\"x.png\">", "<abbr>", "< a href=\"x.png\">"})
        EXPECT_THAT(parse_web_index(page, "http://host/x/").entries, testing::IsEmpty()) << page;
}

TEST(S3Url, is_a_bucket_and_a_prefix) {
    EXPECT_EQ(parse_s3_url("s3://images")->prefix, "");
    EXPECT_EQ(parse_s3_url("s3://images/a/b c")->bucket, "images");
    EXPECT_EQ(parse_s3_url("s3://images/a/b c")->prefix, "a/b c");
    for (const auto* wrong : {"", "images", "s3:/images", "s3://", "s3://ab", "s3://../x", "s3://a@b.c/x",
                              "s3://a:80/x", "https://images/x"})
        EXPECT_EQ(parse_s3_url(wrong).error().code, ErrorCode::kInvalidArgument) << wrong;
}

TEST(S3Bucket, has_a_name_region_and_endpoint) {
    const auto made = [](const char* bucket, const char* region, const char* endpoint, S3Addressing addressing) {
        return S3Bucket::create(bucket, {{{}, region, endpoint}, addressing}, {}).has_value();
    };
    EXPECT_TRUE(made("images", "eu-west-1", "", S3Addressing::kAuto));
    EXPECT_TRUE(made("with.dots", "eu-west-1", "", S3Addressing::kAuto));
    EXPECT_FALSE(made("with.dots", "eu-west-1", "", S3Addressing::kVirtualHost));
    EXPECT_FALSE(made("images", "evil.example/", "", S3Addressing::kAuto));
    EXPECT_FALSE(made("images", "eu-west-1", "ftp://x", S3Addressing::kAuto));
    EXPECT_FALSE(made("images", "eu-west-1", "http://x/?a=b", S3Addressing::kAuto));
}

class Identity : public testing::Test {
  protected:
    void write(const char* name, const std::string& text) {
        std::filesystem::create_directories(folder_.path() / ".aws");
        std::ofstream(folder_.path() / ".aws" / name) << text;
    }
    Result<AwsIdentity> find(const AwsWish& wish) {
        return find_aws_identity(wish, {[this](const char* name) { return environment_[name]; }, folder_.path()});
    }

    TemporaryFolder folder_;
    std::map<std::string, std::string> environment_;
};

TEST_F(Identity, is_nobody_where_nothing_is_known) {
    const auto found = find({});
    EXPECT_TRUE(found->key.is_empty());
    EXPECT_EQ(found->region, "us-east-1");
}

TEST_F(Identity, comes_from_profile_environment_and_default) {
    write("credentials",
          "# keys\n[default]\naws_access_key_id=D\naws_secret_access_key = d=d\n\n[lab]\n"
          "aws_access_key_id = L\naws_secret_access_key = l\naws_session_token = t\n");
    write("config",
          "[default]\nregion = eu-north-1\n[profile lab]\nregion=eu-west-3\nendpoint_url = https://lab.example\n");
    EXPECT_EQ(find({})->key.secret, "d=d");
    EXPECT_EQ(find({})->region, "eu-north-1");
    environment_ = {{"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "e"}, {"AWS_REGION", "sa-east-1"}};
    EXPECT_EQ(find({})->key.id, "E");
    EXPECT_EQ(find({})->region, "sa-east-1");
    const auto lab = find({"lab", {}, "", ""});
    EXPECT_EQ(lab->key.session_token, "t");
    EXPECT_EQ(lab->region, "eu-west-3");
    EXPECT_EQ(lab->endpoint, "https://lab.example");
    EXPECT_EQ(find({"", {"G", "g", ""}, "ap-east-1", ""})->key.id, "G");
}

TEST_F(Identity, is_whole_or_an_error) {
    write("credentials", "[half]\naws_access_key_id = H\n");
    for (const auto& wish : {AwsWish{"half", {}, "", ""}, AwsWish{"nobody", {}, "", ""},
                             AwsWish{"", {"G", "", ""}, "", ""}, AwsWish{"", {"", "g", ""}, "", ""}})
        EXPECT_EQ(find(wish).error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(find({"half", {}, "", ""}).error().message, HasSubstr(".aws/credentials has no keys of a profile"));
}

}  // namespace
}  // namespace digits::remote
