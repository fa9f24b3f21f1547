"""A handler that takes no messages while its queue is full: nothing is lost, and a peer that vanishes is noticed."""

from raw import Raw, close, frame, text

MESSAGES = 400  # with their overhead far more than recv_queue: reading pauses, the rest waits in the network


def chatter(served):
    client = Raw(served.port)
    client.open("/busy")
    client.send(frame(0x89, b"before"))
    assert client.frame() == (0x8A, b"before")
    client.send(b"".join(text("%04d" % n) for n in range(MESSAGES)))
    return client


def set_free(served):
    with Raw(served.port) as other:
        assert other.get("/free")[0] == 200


def test_a_peer_that_resets_its_connection_is_noticed_while_nothing_is_taken(serve):
    served = serve("ws_busy", recv_queue=500, rx_buffer=512, linger_timeout=0.3)
    chatter(served).reset()
    served.wait_for_log("closed when it is free")
    served.wait_for_log("ended with 1006 in order: True")


def test_a_peer_that_vanishes_is_noticed_by_the_pings_that_it_does_not_take(serve):
    # Its system refuses a PING for a socket that is no more, as that of a client which was started anew does.
    served = serve("ws_busy", recv_queue=500, rx_buffer=512, linger_timeout=0.3, ping_interval=0.2)
    chatter(served).sock.close()
    served.wait_for_log("closed when it is free")
    served.wait_for_log("ended with 1006 in order: True")


def test_all_that_a_peer_sent_before_it_went_is_delivered(serve):
    served = serve("ws_busy", recv_queue=500, rx_buffer=512, ping_interval=0.2)
    client = chatter(served)
    client.send(close(1000))
    client.sock.close()
    with Raw(served.port) as other:  # some PINGs later
        other.open("/busy")
        for _ in range(3):
            assert other.frame()[0] == 0x89
            other.send(frame(0x8A))
    set_free(served)
    served.wait_for_log("open when it is free")
    served.wait_for_log("taken %d" % MESSAGES)


def test_while_a_chatty_peer_waits_for_a_busy_handler_nothing_is_lost_and_pings_go_on(serve):
    served = serve("ws_busy", recv_queue=500, rx_buffer=512, ping_interval=0.2)
    client = chatter(served)
    for _ in range(3):
        assert client.frame()[0] == 0x89
        client.send(frame(0x8A))
    client.send(text("%04d" % MESSAGES))
    set_free(served)
    client.send(close(1000))
    assert_taken = "ended with 1000 in order: True taken %d" % (MESSAGES + 1)
    served.wait_for_log(assert_taken)
