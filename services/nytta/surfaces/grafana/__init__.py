"""Grafana: dashboards as code, and their way into a Grafana that exists already."""
