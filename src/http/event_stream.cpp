#include "http/event_stream.hpp"

#include <algorithm>
#include <utility>

#include "http/header_text.hpp"

namespace digits::http {

bool EventStream::push(std::string_view bytes) {
    const std::scoped_lock lock(mutex_);
    if (closed_) return false;
    if (waiting_.size() + bytes.size() > max_waiting_bytes_) {
        closed_ = true;
        waiting_.clear();
        waiting_.shrink_to_fit();
    } else {
        waiting_ += bytes;
    }
    if (wake_ && !std::exchange(woken_, true)) wake_();
    return !closed_;
}

void EventStream::close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    if (wake_) wake_();
}

bool EventStream::closed() const {
    const std::scoped_lock lock(mutex_);
    return closed_;
}

void EventStream::attach(std::function<void()> wake) {
    const std::scoped_lock lock(mutex_);
    wake_ = std::move(wake);
    woken_ = false;
}

EventStream::Taken EventStream::take() {
    const std::scoped_lock lock(mutex_);
    woken_ = false;
    return {std::exchange(waiting_, {}), closed_};
}

std::string format_event(std::string_view id, std::string_view event, std::string_view data) {
    std::string text;
    if (!id.empty()) text += "id: " + printable(id) + "\n";
    if (!event.empty()) text += "event: " + printable(event) + "\n";
    while (true) {
        const auto end = data.find_first_of("\r\n");
        text += "data: ";
        text += data.substr(0, end);
        text += '\n';
        if (end == std::string_view::npos) break;
        data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
    }
    return text + "\n";
}

}  // namespace digits::http
