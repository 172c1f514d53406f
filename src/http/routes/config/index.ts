/** Every endpoint under /config, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import getConfig from './get_config.ts';
import getConfigList from './get_config_list.ts';
import getEnableConfigManager from './get_enable_config_manager.ts';
import listChanges from './list_changes.ts';
import listSettings from './list_settings.ts';
import resetConfig from './reset_config.ts';
import setConfig from './set_config.ts';
import setEnableConfigManager from './set_enable_config_manager.ts';

export const configEndpoints: readonly Endpoint[] = [
  getConfigList,
  getConfig,
  setConfig,
  resetConfig,
  setEnableConfigManager,
  getEnableConfigManager,
  listSettings,
  listChanges,
];
