from datetime import UTC, datetime

from wharfinger.server.metrics import Metrics


def test_requests_are_counted_under_the_names_that_dashboards_know():
    metrics = Metrics()
    series = metrics.handler("blob", "GET")

    series.finish(200, seconds=0.1, received=0, sent=10)
    series.finish(404, seconds=0.1, received=0, sent=10)

    text = metrics.render().decode()
    assert 'registry_http_requests_total{code="200",handler="blob",method="GET"} 1.0' in text
    assert 'registry_http_requests_total{code="404",handler="blob",method="GET"} 1.0' in text
    assert 'registry_http_request_duration_seconds_count{handler="blob",method="GET"} 2.0' in text
    assert 'registry_http_response_size_bytes_sum{handler="blob",method="GET"} 20.0' in text


def test_a_made_up_method_makes_no_series_of_its_own():
    metrics = Metrics()

    metrics.handler("base", "BREW").finish(405, seconds=0, received=0, sent=0)

    assert "BREW" not in metrics.render().decode()


def test_the_time_of_a_storage_action_is_observed_even_if_it_fails():
    metrics = Metrics()
    try:
        with metrics.storage_action("filesystem", "commit"):
            raise OSError
    except OSError:
        pass

    text = metrics.render().decode()
    assert 'registry_storage_action_seconds_count{action="commit",driver="filesystem"} 1.0' in text


def test_the_end_of_the_certificate_can_be_watched():
    metrics = Metrics()

    metrics.certificate_ends(datetime.fromtimestamp(1_800_000_000, UTC))

    assert "wharfinger_certificate_expiry_timestamp_seconds 1.8e+09" in metrics.render().decode()


def test_two_servers_in_one_process_share_nothing():
    one, two = Metrics(), Metrics()
    one.handler("base", "GET").finish(200, seconds=0, received=0, sent=0)

    assert 'handler="base"' not in two.render().decode()
