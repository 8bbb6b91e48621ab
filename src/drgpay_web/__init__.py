"""The office (经办工作台): people of a pooling area work on one record in the browser. Core does the computing."""
