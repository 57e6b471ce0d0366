#include <zlib.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <list>
#include <mutex>
#include <thread>

#include "http/compress.hpp"
#include "http/event_stream.hpp"
#include "http/http_fixture.hpp"
#include "http/origin.hpp"
#include "http/target.hpp"

namespace digits::http {
namespace {

std::string unzip(std::string_view bytes) {
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string result(1 << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    result.resize(stream.total_out);
    inflateEnd(&stream);
    return result;
}

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

TEST_F(HttpServer, AnswersWithTheRoute) {
    EXPECT_THAT(get("/hello"), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(body_of(get("/items/a%20b/parts/x/y%2Fz")), "a b|x/y/z");
    EXPECT_EQ(body_of(get("/query?a=1&q=a+b%26c")), "a b&c");
    EXPECT_EQ(body_of(post("/echo", "some bytes")), "some bytes");
    EXPECT_THAT(server_->address(), StartsWith("http://127.0.0.1:"));
}

TEST_F(HttpServer, TakesParametersWithWordsAroundThem) {
    EXPECT_EQ(body_of(get("/rows/7.json")), "json of 7");
    EXPECT_EQ(body_of(get("/rows/7.a")), "page of 7.a");
    EXPECT_EQ(body_of(get("/rows/.json")), "page of .json");
}

TEST_F(HttpServer, SaysWhatAPathAllows) {
    const auto wrong = post("/hello", "");
    EXPECT_THAT(wrong, StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(wrong, HasSubstr("Allow: GET, HEAD\r\n"));
    EXPECT_THAT(get("/nothing.txt"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(ask("BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
}

TEST_F(HttpServer, HeadHasNoBody) {
    start();
    Client client(server_->port());
    client.say(
        "HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\nGET /query?q=next HTTP/1.1\r\nHost: localhost\r\nConnection: "
        "close\r\n\r\n");
    const auto heard = client.hear_all();
    EXPECT_THAT(heard, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_THAT(heard, Not(HasSubstr("hello")));
    EXPECT_THAT(heard, EndsWith("next"));
}

TEST_F(HttpServer, KeepsTheConnectionAndPipelines) {
    start();
    Client client(server_->port());
    client.say("GET /query?q=1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /query?q=2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(body_of(client.hear_answer()), "1");
    EXPECT_EQ(body_of(client.hear_answer()), "2");
    client.say("GET /query?q=3 HTTP/1.0\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.hear_all(), EndsWith("3"));
    EXPECT_TRUE(client.closed());
}

TEST_F(HttpServer, CompressesTextForThoseWhoTakeIt) {
    const auto zipped = get("/large", "Accept-Encoding: br, gzip;q=0.5\r\n");
    EXPECT_THAT(zipped, HasSubstr("Content-Encoding: gzip\r\n"));
    EXPECT_EQ(unzip(body_of(zipped)), std::string(100'000, 'x'));
    EXPECT_THAT(get("/large", "Accept-Encoding: gzip;q=0\r\n"), Not(HasSubstr("Content-Encoding")));
    EXPECT_THAT(get("/large"), Not(HasSubstr("Content-Encoding")));
}

TEST_F(HttpServer, SendsPartsOfFiles) {
    EXPECT_EQ(body_of(get("/ten")), "0123456789");
    const auto part = get("/ten", "Range: bytes=2-4\r\n");
    EXPECT_THAT(part, StartsWith("HTTP/1.1 206 "));
    EXPECT_THAT(part, HasSubstr("Content-Range: bytes 2-4/10\r\n"));
    EXPECT_EQ(body_of(part), "234");
    EXPECT_EQ(body_of(get("/ten", "Range: bytes=7-\r\n")), "789");
    EXPECT_EQ(body_of(get("/ten", "Range: bytes=-2\r\n")), "89");
    EXPECT_EQ(body_of(get("/ten", "Range: bytes=0-999\r\n")), "0123456789");
    EXPECT_THAT(get("/ten", "Range: bytes=10-\r\n"), StartsWith("HTTP/1.1 416 "));
    EXPECT_THAT(get("/ten", "Range: bytes=4-2\r\n"), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(get("/ten", "Range: bytes=0-1,3-4\r\n"), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(get("/ten", "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n"), StartsWith("HTTP/1.1 200 "));
    const auto whole = get("/ten");
    const auto at = whole.find("ETag: ") + 6;
    const auto tag = whole.substr(at, whole.find("\r\n", at) - at);
    EXPECT_THAT(get("/ten", "If-None-Match: " + tag + "\r\n"), StartsWith("HTTP/1.1 304 "));
    write("pages/ten.txt", "changed");
    EXPECT_THAT(get("/ten", "If-None-Match: " + tag + "\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, ServesPages) {
    EXPECT_EQ(body_of(get("/")), "<p>Digits</p>");
    EXPECT_EQ(body_of(get("/jobs/20260101-000000-abcd")), "<p>Digits</p>");
    EXPECT_THAT(get("/"), HasSubstr("Cache-Control: no-cache\r\n"));
    EXPECT_THAT(get("/assets/app-0123abcd.js"), HasSubstr("immutable"));
    for (int i = 0; i < 2; ++i) {
        const auto zipped = get("/assets/app-0123abcd.js", "Accept-Encoding: gzip\r\n");
        EXPECT_THAT(zipped, HasSubstr("Content-Encoding: gzip\r\n"));
        EXPECT_THAT(zipped, HasSubstr("immutable"));
        EXPECT_EQ(unzip(body_of(zipped)), std::string(5000, 'a'));
    }
    EXPECT_EQ(body_of(get("/assets/app-0123abcd.js", "Accept-Encoding: gzip\r\nRange: bytes=1-3\r\n")), "aaa");
    EXPECT_THAT(get("/assets/gone.js"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(get("/"), HasSubstr("X-Content-Type-Options: nosniff\r\n"));
}

TEST_F(HttpServer, NeverLeavesItsFolder) {
    std::filesystem::create_symlink(folder_.path() / "secret.txt", folder_.path() / "pages/link.txt");
    for (const auto* path :
         {"/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/%252e%252e/secret.txt", "/..\\secret.txt",
          "/..%5csecret.txt", "/;/../secret.txt", "/assets/../../secret.txt", "/%c0%ae%c0%ae/secret.txt",
          "/secret.txt%00.png", "//etc/passwd", "/%2fetc%2fpasswd", "/link.txt", "/.%2e/secret.txt"}) {
        const auto answer = get(path);
        EXPECT_THAT(answer, Not(HasSubstr("\r\n\r\nsecret"))) << path;
        EXPECT_THAT(answer, Not(HasSubstr("root:"))) << path;
        EXPECT_THAT(answer, Not(StartsWith("HTTP/1.1 200 "))) << path;
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 4")) << path;
    }
}

TEST_F(HttpServer, HidesWhatAHandlerThrew) {
    const auto answer = get("/throw");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, Not(HasSubstr("inner secret")));
}

TEST_F(HttpServer, CannotBeMadeToAddHeaders) { EXPECT_THAT(get("/split"), Not(HasSubstr("\r\nSet-Cookie"))); }

TEST_F(HttpServer, RefusesStrangersNamesAndOrigins) {
    start();
    const auto request = [&](const std::string& method, const std::string& headers) {
        return ask(method + " /hello HTTP/1.1\r\n" + headers + "\r\n").substr(0, 12);
    };
    EXPECT_EQ(request("GET", "Host: evil.example\r\n"), "HTTP/1.1 403");
    EXPECT_EQ(request("GET", "Host: 192.0.2.1\r\n"), "HTTP/1.1 403");
    EXPECT_EQ(request("GET", "Host: localhost.evil.example\r\n"), "HTTP/1.1 403");
    EXPECT_EQ(request("GET", ""), "HTTP/1.1 400");
    EXPECT_EQ(request("GET", "Host: localhost\r\nHost: evil.example\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(request("GET", "Host: [::1]:5000\r\n"), "HTTP/1.1 200");
    EXPECT_EQ(request("GET", "Host: LOCALHOST:5000\r\n"), "HTTP/1.1 200");
    EXPECT_EQ(request("GET", "Host: localhost:5000\r\nOrigin: http://localhost:5000\r\n"), "HTTP/1.1 200");
    EXPECT_EQ(request("GET", "Host: localhost:5000\r\nOrigin: http://localhost:6000\r\n"), "HTTP/1.1 403");
    EXPECT_EQ(request("GET", "Host: localhost\r\nOrigin: null\r\n"), "HTTP/1.1 403");
    EXPECT_EQ(request("POST", "Host: localhost\r\nOrigin: https://evil.example\r\n"), "HTTP/1.1 403");
    EXPECT_EQ(request("POST", "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"), "HTTP/1.1 403");
    EXPECT_EQ(request("GET", "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"), "HTTP/1.1 200");
    EXPECT_THAT(get("/hello"), Not(HasSubstr("Access-Control")));
    for (const auto* host :
         {"localhost:80@evil.example", "evil@localhost", "localhost:evil", "[::1]@evil", "localhost/", ""})
        EXPECT_EQ(request("GET", "Host: " + std::string(host) + "\r\n"), "HTTP/1.1 400") << host;
}

TEST_F(HttpServer, KeepsOtherPagesFromRoutesThatChangeSomething) {
    RouteOptions options;
    options.changes_state = true;
    router_.add("GET", "/leave", [](const Request&) -> Result<Response> { return text("left"); }, options);
    const auto status = [&](const char* method, const std::string& headers) {
        return ask(std::string(method) + " /leave HTTP/1.1\r\nHost: localhost:5000\r\n" + headers + "\r\n")
            .substr(9, 3);
    };
    EXPECT_EQ(status("GET", ""), "200");
    EXPECT_EQ(status("GET", "Sec-Fetch-Site: same-origin\r\n"), "200");
    EXPECT_EQ(status("GET", "Sec-Fetch-Site: none\r\n"), "200");
    EXPECT_EQ(status("GET", "Referer: http://localhost:5000/jobs\r\n"), "200");
    for (const auto* method : {"GET", "HEAD"}) {
        EXPECT_EQ(status(method, "Sec-Fetch-Site: cross-site\r\n"), "403");
        EXPECT_EQ(status(method, "Sec-Fetch-Site: same-site\r\n"), "403");
        EXPECT_EQ(status(method, "Referer: http://evil.example/localhost:5000/\r\n"), "403");
        EXPECT_EQ(status(method, "Origin: http://evil.example\r\n"), "403");
    }
}

TEST_F(HttpServer, AnswersToConfiguredNames) {
    options_.hosts.names = {"trainer.lab"};
    EXPECT_THAT(ask("GET /hello HTTP/1.1\r\nHost: Trainer.lab:80\r\n\r\n"), StartsWith("HTTP/1.1 200"));
    EXPECT_TRUE(check_host("192.0.2.1:5000", {.names = {}, .any_address = true}).has_value());
    EXPECT_FALSE(check_host("192.0.2.1.evil.example", {.names = {}, .any_address = true}).has_value());
}

TEST_F(HttpServer, KeepsToItsLimits) {
    EXPECT_THAT(get("/hello", "X-Large: " + std::string(20'000, 'x') + "\r\n"), StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(post("/echo", std::string(2 << 20, 'x')), StartsWith("HTTP/1.1 413 "));
    // The whole of it is sent before the answer is read, as most clients do.
    EXPECT_THAT(post("/echo", std::string(96 << 20, 'x')), StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1099511627776\r\n\r\n"),
                StartsWith("HTTP/1.1 413 "));
    std::string chunks;
    for (int i = 0; i < 40; ++i) chunks += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    EXPECT_THAT(ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks),
                StartsWith("HTTP/1.1 413 "));
    expect_alive();
}

TEST_F(HttpServer, WithstandsBadHttp) {
    for (const std::string request : {
             "GARBAGE\r\n\r\n",
             "GET /hello HTTP/9.9\r\nHost: localhost\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: "
             "chunked\r\n\r\n0\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: "
             "5\r\n\r\n0\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
             "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
             "GET /hello HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n",
             "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
             "GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
         }) {
        EXPECT_THAT(ask(request), StartsWith("HTTP/1.1 400 ")) << request;
    }
    expect_alive();
}

TEST_F(HttpServer, RefusesAChunkThatNobodyCanSend) {
    for (const auto* size : {"ffffffffffffffff", "8000000000000000", "7fffffffffffffff"})
        EXPECT_THAT(ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
                        std::string(size) + "\r\nx"),
                    StartsWith("HTTP/1.1 400 "))
            << size;
    EXPECT_THAT(ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\nx"),
                StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServer, ReadsManyTinyChunks) {
    std::string chunks;
    for (int i = 0; i < 100'000; ++i) chunks += "1\r\nx\r\n";
    const auto answer =
        ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");
    EXPECT_EQ(body_of(answer), std::string(100'000, 'x'));
}

TEST_F(HttpServer, DropsSlowClients) {
    start();
    Client silent(server_->port());
    EXPECT_EQ(silent.hear_all(), "");
    EXPECT_TRUE(silent.closed());
    Client half(server_->port());
    half.say("GET /hello HTTP/1.1\r\nHo");
    EXPECT_EQ(half.hear_all(), "");
    EXPECT_TRUE(half.closed());
    Client body(server_->port());
    body.say("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_EQ(body.hear_all(), "");
    EXPECT_TRUE(body.closed());
}

TEST_F(HttpServer, MakesRoomForNewClients) {
    options_.max_connections = 20;
    options_.header_timeout = 60s;
    start();
    std::vector<std::unique_ptr<Client>> idle;
    for (int i = 0; i < 100; ++i) idle.push_back(std::make_unique<Client>(server_->port()));
    expect_alive();
}

TEST_F(HttpServer, ReadsMultipart) {
    const auto answer = upload(
        "--XX\r\nContent-Disposition: form-data; name=\"top\"\r\n\r\n5\r\n"
        "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\"C:\\\\pics\\\\a.png\"\r\nContent-Type: "
        "image/png\r\n\r\n\x89PNG\r\n--X\r\n\r\n"
        "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\"\"\r\n\r\n\r\n--XX--\r\n");
    EXPECT_EQ(body_of(answer), "top=:5;image=a.png:\x89PNG\r\n--X\r\n;image=image:;");
    EXPECT_TRUE(std::filesystem::is_empty(options_.upload_dir)) << "uploads are removed after their request";
}

TEST_F(HttpServer, CleansFileNames) {
    EXPECT_EQ(body_of(upload("--XX\r\nContent-Disposition: form-data; name=\"image\"; "
                             "filename=\"../../etc/pa\x01ss\"\r\n\r\nx\r\n--XX--\r\n")),
              "image=pass:x;");
}

TEST_F(HttpServer, RefusesBadMultipart) {
    const std::string part = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    EXPECT_THAT(upload(part + part + part + part + "--XX--\r\n"), StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(upload(part), StartsWith("HTTP/1.1 400 ")) << "no closing boundary";
    EXPECT_THAT(upload("no boundary at all"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(upload("--XX\r\n" + std::string(20'000, 'h')), StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(upload("--XX\r\n\r\nnameless\r\n--XX--\r\n"), StartsWith("HTTP/1.1 422 "));
    EXPECT_THAT(upload("--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + std::string(100'000, 'v') +
                       "\r\n--XX--\r\n"),
                StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(post("/upload", "x", "Content-Type: multipart/form-data\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(post("/echo", "--XX--\r\n", "Content-Type: multipart/form-data; boundary=XX\r\n"),
                StartsWith("HTTP/1.1 415 "));
    EXPECT_THAT(upload(std::string(300'000, 'x')), StartsWith("HTTP/1.1 413 "));
    EXPECT_TRUE(std::filesystem::is_empty(options_.upload_dir));
    expect_alive();
}

TEST_F(HttpServer, StreamsEvents) {
    const auto stream = std::make_shared<EventStream>();
    options_.heartbeat = 20ms;
    router_.add("GET", "/events", [&](const Request&) -> Result<Response> { return Response::events(stream); });
    start();
    Client client(server_->port());
    client.say("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.hear_until("\r\n\r\n"), HasSubstr("Content-Type: text/event-stream\r\n"));
    EXPECT_TRUE(stream->push(format_event("1", "job", "{\"a\":1}")));
    EXPECT_THAT(client.hear_until("{\"a\":1}\n\n"), HasSubstr("id: 1\nevent: job\ndata: {\"a\":1}\n\n"));
    EXPECT_THAT(client.hear_until(":\n\n"), HasSubstr(":\n\n"));
    stream->close();
    client.hear_all();
    EXPECT_TRUE(client.closed());
    EXPECT_FALSE(stream->push("x"));
}

TEST_F(HttpServer, NoticesThatAnEventReaderLeft) {
    const auto stream = std::make_shared<EventStream>();
    router_.add("GET", "/events", [&](const Request&) -> Result<Response> { return Response::events(stream); });
    start();
    {
        Client client(server_->port());
        client.say("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.hear_until("\r\n\r\n");
    }
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (!stream->closed() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_TRUE(stream->closed());
}

TEST_F(HttpServer, DropsAnEventReaderThatDoesNotRead) {
    const auto stream = std::make_shared<EventStream>(100'000);
    router_.add("GET", "/events", [&](const Request&) -> Result<Response> { return Response::events(stream); });
    start();
    Client client(server_->port());
    client.say("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.hear_until("\r\n\r\n");
    const auto event = format_event("", "log", std::string(10'000, 'x'));
    int pushed = 0;
    while (pushed < 100'000 && stream->push(event)) ++pushed;
    EXPECT_LT(pushed, 100'000);
    EXPECT_TRUE(stream->closed());
}

TEST_F(HttpServer, StopsWhileClientsAreThere) {
    const auto stream = std::make_shared<EventStream>();
    router_.add("GET", "/events", [&](const Request&) -> Result<Response> { return Response::events(stream); });
    options_.header_timeout = 60s;
    start();
    Client idle(server_->port());
    Client events(server_->port());
    events.say("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    events.hear_until("\r\n\r\n");
    const auto before = std::chrono::steady_clock::now();
    server_->stop(10s);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
    events.hear_all();
    EXPECT_TRUE(events.closed());
    EXPECT_FALSE(stream->push("late"));
}

TEST_F(HttpServer, FinishesRunningRequestsWhenItStops) {
    std::atomic<bool> entered = false, go_on = false;
    router_.add("GET", "/slow", [&](const Request&) -> Result<Response> {
        entered = true;
        entered.notify_all();
        go_on.wait(false);
        return text("finished");
    });
    start();
    Client client(server_->port());
    client.say("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
    entered.wait(false);
    std::thread stopper([&] { server_->stop(10s); });
    go_on = true;
    go_on.notify_all();
    EXPECT_THAT(client.hear_all(), EndsWith("finished"));
    stopper.join();
}

TEST_F(HttpServer, SaysThatAPortIsTaken) {
    start();
    auto options = options_;
    options.port = server_->port();
    const auto second = Server::start(options, router_);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_THAT(second.error().advice, HasSubstr("--port"));
}

TEST(Target, DecodesOnce) {
    EXPECT_EQ(parse_target("/a%252e/b?x=%2541").value().path, "/a%2e/b");
    EXPECT_EQ(parse_target("/a?x=%2541").value().query.front().second, "%41");
    EXPECT_FALSE(parse_target("/a%2").has_value());
    EXPECT_FALSE(parse_target("/a%ff").has_value());
    EXPECT_FALSE(parse_target("a").has_value());
    EXPECT_FALSE(parse_target("/a/./b").has_value());
    EXPECT_EQ(percent_encode("a b/ü"), "a%20b%2F%C3%BC");
}

TEST(Target, ReadsTheFieldsOfAForm) {
    using Fields = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(parse_fields("a=1+2&job_ids%5B%5D=x&job_ids[]=y&b", 4).value(),
              (Fields{{"a", "1 2"}, {"job_ids[]", "x"}, {"job_ids[]", "y"}, {"b", ""}}));
    EXPECT_FALSE(parse_fields("a=1&b=2", 1).has_value());
    EXPECT_FALSE(parse_fields("a=%zz", 1).has_value());
    EXPECT_FALSE(parse_fields("a=%00", 1).has_value());
}

TEST(Events, SplitLines) {
    EXPECT_EQ(format_event("7\n", "a", "x\ny\r\nz"), "id: 7\nevent: a\ndata: x\ndata: y\ndata: z\n\n");
}

}  // namespace
}  // namespace digits::http
